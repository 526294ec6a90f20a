// Snapshots from making to deleting.
'use strict';

const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const {
  closeClients,
  failure,
  grpc,
  instances,
  runningInstance,
  snapshotOf,
  snapshots,
  uniqueName,
  waitUntilRunning,
} = require('./client.js');

after(closeClients);

const ids = (list) => list.snapshots.map((snapshot) => snapshot.id);

function milliseconds(timestamp) {
  return Number(timestamp.seconds) * 1000 + timestamp.nanos / 1e6;
}

test('a new instance boots until it is Running', async (t) => {
  const name = uniqueName('boots');
  const created = await instances.CreateInstance({
    name,
    image: 'docker.io/library/nginx:alpine',
    hypervisor: 'HYPERVISOR_CLOUD_HYPERVISOR',
  });
  t.after(() => instances.DeleteInstance({ instance_id: created.id }));
  assert.match(created.id, /^[a-z][0-9a-z]{23}$/);
  assert.equal(created.name, name);
  assert.equal(created.image, 'docker.io/library/nginx:alpine');
  assert.equal(created.hypervisor, 'HYPERVISOR_CLOUD_HYPERVISOR');
  assert.equal(created.state, 'INSTANCE_STATE_INITIALIZING');

  const running = await waitUntilRunning(created.id);
  assert.equal(running.id, created.id);
});

test('a snapshot answers with every field it is documented to have', async (t) => {
  const instance = await runningInstance(t, 'nginx1');
  const before = Date.now();
  const snapshot = await snapshotOf(t, instance, {
    name: 'baseline-standby',
    tags: { team: 'backend', env: 'staging' },
  });
  const after = Date.now();

  const { id, created_at, size_bytes, ...rest } = snapshot;
  assert.deepEqual(rest, {
    name: 'baseline-standby',
    _name: 'name',
    kind: 'SNAPSHOT_KIND_STANDBY',
    tags: { team: 'backend', env: 'staging' },
    source_instance_id: instance.id,
    source_instance_name: 'nginx1',
    source_hypervisor: 'HYPERVISOR_CLOUD_HYPERVISOR',
    compression_state: 'SNAPSHOT_COMPRESSION_STATE_NONE',
    compression: null,
  });
  assert.match(id, /^[a-z][0-9a-z]{23}$/);
  assert.ok(before <= milliseconds(created_at), `made at ${milliseconds(created_at)}`);
  assert.ok(milliseconds(created_at) < after + 1, `made at ${milliseconds(created_at)}`);
  // More than the overlay of 10 GiB (SNAP-C-041), so more than 32 bits hold.
  assert.match(size_bytes, /^\d+$/);
  assert.ok(BigInt(size_bytes) > 10n * 1024n ** 3n, size_bytes);

  assert.deepEqual(await snapshots.GetSnapshot({ snapshot_id: id }), snapshot);
});

test('an instance can be named by its name', async (t) => {
  const instance = await runningInstance(t);
  const snapshot = await snapshotOf(t, { id: instance.name });
  assert.equal(snapshot.source_instance_id, instance.id);
});

test('snapshots without a name have none, and there may be many', async (t) => {
  const instance = await runningInstance(t);
  const first = await snapshotOf(t, instance);
  const second = await snapshotOf(t, instance);
  assert.notEqual(first.id, second.id);
  assert.equal('name' in first, false);
  assert.equal('name' in (await snapshots.GetSnapshot({ snapshot_id: second.id })), false);
});

test('two instances may each have a snapshot of one name', async (t) => {
  const name = uniqueName('shared');
  const one = await snapshotOf(t, await runningInstance(t), { name });
  const two = await snapshotOf(t, await runningInstance(t), { name });
  assert.deepEqual(ids(await snapshots.ListSnapshots({ name })), [one.id, two.id].sort());
});

test('a list is filtered by source, kind, name and tags', async (t) => {
  const team = uniqueName('team');
  const name = uniqueName('named');
  const instance = await runningInstance(t);
  const staging = await snapshotOf(t, instance, { name, tags: { team, env: 'staging' } });
  const production = await snapshotOf(t, instance, { tags: { team, env: 'production' } });
  const untagged = await snapshotOf(t, instance);
  const all = [staging.id, production.id, untagged.id].sort();
  const source = { source_instance_id: instance.id };
  const both = [staging.id, production.id].sort();
  const cases = [
    [source, all],
    [{ source_instance_id: 'aaaaaaaaaaaaaaaaaaaaaaaa' }, []],
    [{ ...source, kind: 'SNAPSHOT_KIND_STANDBY' }, all],
    [{ ...source, kind: 'SNAPSHOT_KIND_STOPPED' }, []],
    [{ name }, [staging.id]],
    [{ name: uniqueName('other') }, []],
    [{ name: 'ABC' }, []],
    [{ tags: { team } }, both],
    [{ tags: { team, env: 'staging' } }, [staging.id]],
    [{ tags: { team, env: 'Staging' } }, []],
    [{ tags: { team, absent: 'staging' } }, []],
    [{ ...source, kind: 'SNAPSHOT_KIND_STANDBY', name, tags: { team } }, [staging.id]],
  ];
  for (const [filter, expected] of cases) {
    assert.deepEqual(ids(await snapshots.ListSnapshots(filter)), expected, JSON.stringify(filter));
  }

  const listed = (await snapshots.ListSnapshots({})).snapshots;
  assert.deepEqual(listed.find((snapshot) => snapshot.id === staging.id), staging);
});

test('an empty tag is not an absent tag', async (t) => {
  const instance = await runningInstance(t);
  const source = { source_instance_id: instance.id };
  const empty = await snapshotOf(t, instance, { tags: { note: '' } });
  const none = await snapshotOf(t, instance, { tags: {} });
  const untold = await snapshotOf(t, instance);
  assert.deepEqual(empty.tags, { note: '' });
  assert.deepEqual(none.tags, {});
  assert.deepEqual(untold.tags, {});

  const matching = await snapshots.ListSnapshots({ ...source, tags: { note: '' } });
  assert.deepEqual(ids(matching), [empty.id]);
  const unfiltered = await snapshots.ListSnapshots({ ...source, tags: {} });
  assert.deepEqual(ids(unfiltered), [empty.id, none.id, untold.id].sort());
});

test('tags travel unchanged whatever characters they have', async (t) => {
  const instance = await runningInstance(t);
  const tags = { 'a.b/c:d=e+f@g-h i': 'A_Z .:/=+@-', 7: '5' };
  const snapshot = await snapshotOf(t, instance, { tags });
  assert.deepEqual(snapshot.tags, tags);
  const listed = await snapshots.ListSnapshots({ source_instance_id: instance.id, tags });
  assert.deepEqual(ids(listed), [snapshot.id]);
});

test('a deleted snapshot is gone', async (t) => {
  const instance = await runningInstance(t);
  const { id } = await snapshotOf(t, instance);
  assert.deepEqual(await snapshots.DeleteSnapshot({ snapshot_id: id }), {});

  const error = await failure(snapshots.GetSnapshot({ snapshot_id: id }));
  assert.equal(error.code, grpc.status.NOT_FOUND);
  const listed = await snapshots.ListSnapshots({ source_instance_id: instance.id });
  assert.deepEqual(listed.snapshots, []);
});

test('a snapshot outlives its instance', async (t) => {
  const instance = await runningInstance(t);
  const snapshot = await snapshotOf(t, instance, { name: 'survivor' });
  assert.deepEqual(await instances.DeleteInstance({ instance_id: instance.id }), {});

  const error = await failure(instances.GetInstance({ instance_id: instance.id }));
  assert.equal(error.code, grpc.status.NOT_FOUND);
  assert.deepEqual(await snapshots.GetSnapshot({ snapshot_id: snapshot.id }), snapshot);
});
