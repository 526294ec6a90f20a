// buf knows nothing of the API but what the gateway tells it by reflection, in either version.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { after, test } = require('node:test');
const { promisify } = require('node:util');
const { AUTHORIZATION, closeClients, grpcUrl, runningInstance, snapshotOf } = require('./client.js');

after(closeClients);

const url = grpcUrl.replace('grpc:', 'http:');
const buf = path.join(process.env.NODE_PATH, '.bin/buf');

async function curl(version, ...args) {
  const { stdout } = await promisify(execFile)(
    buf,
    ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', `--reflect-protocol=grpc-${version}`,
      ...args],
    { timeout: 20_000 },
  );
  return stdout;
}

for (const version of ['v1', 'v1alpha']) {
  test(`services and methods are listed by ${version}`, async () => {
    const services = (await curl(version, '--list-services', url)).trim().split('\n');
    for (const service of [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'hypeman.v1.InstanceService',
      'hypeman.v1.SnapshotService',
    ])
      assert.ok(services.includes(service), service);
    const methods = await curl(version, '--list-methods', url);
    assert.match(methods, /^hypeman\.v1\.SnapshotService\/GetSnapshot$/m);
    assert.match(methods, /^hypeman\.v1\.InstanceService\/CreateInstance$/m);
  });

  test(`a call is made by what ${version} describes`, async (t) => {
    const snapshot = await snapshotOf(t, await runningInstance(t));
    const answer = await curl(
      version,
      '--header', `authorization: ${AUTHORIZATION}`,
      '--data', JSON.stringify({ snapshot_id: snapshot.id }),
      `${url}/hypeman.v1.SnapshotService/GetSnapshot`,
    );
    assert.equal(JSON.parse(answer).id, snapshot.id);
  });
}
