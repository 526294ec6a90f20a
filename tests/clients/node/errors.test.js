// How calls fail: the code, the reason behind it, and how soon.
'use strict';

const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const {
  closeClients,
  failure,
  grpc,
  instances,
  rest,
  runningInstance,
  snapshotOf,
  snapshots,
  statusDetails,
  usual,
} = require('./client.js');

after(closeClients);

const ABSENT = 'aaaaaaaaaaaaaaaaaaaaaaaa';
const METHODS = '/hypeman.v1.SnapshotService/';
const QUICK_MS = 10;

test('a second snapshot of the same name already exists', async (t) => {
  const instance = await runningInstance(t);
  const name = 'baseline-standby';
  await snapshotOf(t, instance, { name });

  const error = await failure(snapshotOf(t, instance, { name }));
  assert.equal(error.code, grpc.status.ALREADY_EXISTS);
  assert.match(error.details, /snapshot name "baseline-standby" already exists/);
  const { details } = statusDetails(error);
  assert.equal(details['google.rpc.ErrorInfo'].reason, 'conflict');
  assert.equal(details['google.rpc.ErrorInfo'].metadata.http_status, '409');

  const listed = await snapshots.ListSnapshots({ source_instance_id: instance.id });
  assert.equal(listed.snapshots.length, 1);
});

test('a Stopped snapshot of a Running instance is refused for its state', async (t) => {
  const instance = await runningInstance(t);
  const error = await failure(snapshotOf(t, instance, { kind: 'SNAPSHOT_KIND_STOPPED' }));
  assert.equal(error.code, grpc.status.FAILED_PRECONDITION);
  assert.match(error.details, /got Running/);
});

test('a missing snapshot is not found, and the details say who says so', async () => {
  const error = await failure(snapshots.GetSnapshot({ snapshot_id: ABSENT }));
  assert.equal(error.code, grpc.status.NOT_FOUND);
  assert.equal(error.details, 'snapshot not found');

  const { status, details } = statusDetails(error);
  assert.equal(status.code, grpc.status.NOT_FOUND);
  assert.equal(status.message, 'snapshot not found');
  const info = details['google.rpc.ErrorInfo'];
  assert.equal(info.reason, 'not_found');
  assert.equal(info.domain, 'hypeman');
  assert.equal(info.metadata.http_status, '404');
});

test('a missing snapshot cannot be deleted, nor one of a missing instance made', async () => {
  const deleting = await failure(snapshots.DeleteSnapshot({ snapshot_id: ABSENT }));
  assert.equal(deleting.code, grpc.status.NOT_FOUND);
  const making = await failure(
    snapshots.CreateSnapshot({ instance_id: ABSENT, kind: 'SNAPSHOT_KIND_STANDBY' }),
  );
  assert.equal(making.code, grpc.status.NOT_FOUND);
});

test('a call without a token is unauthenticated', async () => {
  const metadata = new grpc.Metadata();
  for (const call of [
    snapshots.ListSnapshots({}, { metadata }),
    instances.GetInstance({ instance_id: ABSENT }, { metadata }),
  ]) {
    const error = await failure(call);
    assert.equal(error.code, grpc.status.UNAUTHENTICATED);
    assert.equal(statusDetails(error).details['google.rpc.ErrorInfo'].metadata.http_status, '401');
  }
});

test('an id that is empty or a dot segment is an invalid argument', async () => {
  for (const id of ['', '.', '..']) {
    const create = { instance_id: id, kind: 'SNAPSHOT_KIND_STANDBY' };
    for (const [call, field] of [
      [snapshots.CreateSnapshot(create), 'instance_id'],
      [instances.GetInstance({ instance_id: id }), 'instance_id'],
      [instances.DeleteInstance({ instance_id: id }), 'instance_id'],
      [snapshots.GetSnapshot({ snapshot_id: id }), 'snapshot_id'],
      [snapshots.DeleteSnapshot({ snapshot_id: id }), 'snapshot_id'],
    ]) {
      const error = await failure(call);
      assert.equal(error.code, grpc.status.INVALID_ARGUMENT, `${field} "${id}"`);
      const { details } = statusDetails(error);
      assert.equal(details['google.rpc.BadRequest'].field_violations[0].field, field);
    }
  }
});

test('an id with a slash stays one id', async () => {
  const error = await failure(snapshots.GetSnapshot({ snapshot_id: `../instances/${ABSENT}` }));
  assert.equal(error.code, grpc.status.NOT_FOUND);
});

test('a snapshot without a kind is an invalid argument', async (t) => {
  const instance = await runningInstance(t);
  const error = await failure(snapshots.CreateSnapshot({ instance_id: instance.id }));
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
  assert.equal(statusDetails(error).details['google.rpc.ErrorInfo'].reason, 'Bad Request');
});

test('a name the API does not allow is an invalid argument', async (t) => {
  const instance = await runningInstance(t);
  for (const name of ['', 'Upper', '-dash', 'x'.repeat(64)]) {
    const error = await failure(snapshotOf(t, instance, { name }));
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT, `name "${name}"`);
  }
});

test('a kind that is none is refused over REST', async (t) => {
  const response = await rest('/snapshots?kind=standby');
  assert.equal(response.status, 400);

  const instance = await runningInstance(t);
  const created = await rest(`/instances/${instance.id}/snapshots`, {
    method: 'POST',
    headers: { authorization: 'Bearer My API Key', 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'standby' }),
  });
  assert.equal(created.status, 400);
  const body = await created.json();
  assert.equal(body.code, 'Bad Request');
  assert.match(body.message, /\/kind/);
});

test('a method that does not exist is unimplemented, and said so at once', async () => {
  const { stub } = snapshots;
  const identity = (bytes) => bytes;
  const call = (path) =>
    failure(
      new Promise((resolve, reject) => {
        const { metadata, deadline } = usual();
        stub.makeUnaryRequest(
          path, identity, identity, Buffer.alloc(0), metadata, { deadline },
          (error, answer) => (error ? reject(error) : resolve(answer)),
        );
      }),
    );
  for (const path of [`${METHODS}PauseSnapshot`, '/hypeman.v2.SnapshotService/GetSnapshot']) {
    let best = Infinity;
    for (let i = 0; i < 20; i++) {
      const start = process.hrtime.bigint();
      const error = await call(path);
      best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e6);
      assert.equal(error.code, grpc.status.UNIMPLEMENTED);
    }
    assert.ok(best < QUICK_MS, `${path} took ${best} ms at best`);
  }
});
