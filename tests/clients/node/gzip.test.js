// A client that compresses what it sends, as grpc-js does when told to.
'use strict';

const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const { closeClients, connect, failure, grpc, hypeman, runningInstance } = require('./client.js');

const GZIP = { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip };
const LIMIT = 4 * 1024 * 1024; // of a message, inflated
const snapshots = connect(hypeman.v1.SnapshotService, GZIP);
const instances = connect(hypeman.v1.InstanceService, GZIP);

after(() => {
  closeClients();
  snapshots.close();
  instances.close();
});

test('compressed requests are understood, and large replies come back whole', async (t) => {
  const instance = await runningInstance(t);
  const tags = Object.fromEntries(
    Array.from({ length: 50 }, (_, n) => [`key-${n}`, String.fromCharCode(97 + (n % 26)).repeat(200)]),
  );
  const sent = { instance_id: instance.id, kind: 'SNAPSHOT_KIND_STANDBY', tags };
  for (let n = 0; n < 4; n++) await snapshots.CreateSnapshot({ ...sent, name: `packed-${n}` });

  const { snapshots: listed } = await snapshots.ListSnapshots({ source_instance_id: instance.id });
  assert.equal(listed.length, 4);
  for (const snapshot of listed) {
    assert.deepEqual(snapshot.tags, tags);
    await snapshots.DeleteSnapshot({ snapshot_id: snapshot.id });
  }
});

test('what inflates to more than the limit is refused', async () => {
  const error = await failure(
    instances.CreateInstance({ name: 'n'.repeat(16 * LIMIT), image: 'nginx' }),
  );
  assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED);
  assert.match(error.details, /inflates to more than the 4194304 bytes allowed/);
});
