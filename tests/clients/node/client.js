// The stock client set up the stock way, and the few helpers the tests share.
'use strict';

const { randomBytes } = require('node:crypto');
const { readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const PROTO = path.join(__dirname, '../../../proto');
const definition = protoLoader.loadSync(
  [
    ...readdirSync(path.join(PROTO, 'hypeman/v1')).map((file) => `hypeman/v1/${file}`),
    'google/rpc/error_details.proto',
    'google/rpc/status.proto',
  ],
  {
    includeDirs: [PROTO],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  },
);
const { hypeman } = grpc.loadPackageDefinition(definition);

const [grpcUrl, , restUrl] = JSON.parse(readFileSync(process.env.PAIR_READY_FILE, 'utf8')).urls;
const address = new URL(grpcUrl).host;

const AUTHORIZATION = 'Bearer My API Key';
const CALL_LIMIT_MS = 10_000;
const RUNNING_LIMIT_MS = 10_000;

// What a call without options of its own is sent with.
function usual() {
  const metadata = new grpc.Metadata();
  metadata.set('authorization', AUTHORIZATION);
  return { metadata, deadline: Date.now() + CALL_LIMIT_MS };
}

// Methods as promises, authorized unless told otherwise, that reject with a ServiceError.
function connect(Service, options = {}) {
  const stub = new Service(address, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    ...options,
  });
  const calls = { close: () => stub.close(), stub };
  for (const [name, { path: wirePath }] of Object.entries(Service.service)) {
    const call = promisify(stub[name]).bind(stub);
    calls[wirePath.split('/').pop()] = (request, options = {}) => {
      const { metadata, deadline } = { ...usual(), ...options };
      return call(request, metadata, { deadline });
    };
  }
  return calls;
}

const instances = connect(hypeman.v1.InstanceService);
const snapshots = connect(hypeman.v1.SnapshotService);

function closeClients() {
  instances.close();
  snapshots.close();
}

function uniqueName(prefix) {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

async function waitUntilRunning(id) {
  const limit = Date.now() + RUNNING_LIMIT_MS;
  for (;;) {
    const instance = await instances.GetInstance({ instance_id: id });
    if (instance.state === 'INSTANCE_STATE_RUNNING') return instance;
    if (Date.now() > limit) throw new Error(`${id} is still ${instance.state}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// A Running instance of the test's own, deleted when the test `t` ends.
async function runningInstance(t, name = uniqueName('vm')) {
  const created = await instances.CreateInstance({
    name,
    image: 'docker.io/library/nginx:alpine',
    hypervisor: 'HYPERVISOR_CLOUD_HYPERVISOR',
  });
  t.after(() => deleteIfThere(() => instances.DeleteInstance({ instance_id: created.id })));
  return waitUntilRunning(created.id);
}

// A snapshot of the instance, deleted when the test ends.
async function snapshotOf(t, instance, fields = {}) {
  const snapshot = await snapshots.CreateSnapshot({
    instance_id: instance.id,
    kind: 'SNAPSHOT_KIND_STANDBY',
    ...fields,
  });
  t.after(() => deleteIfThere(() => snapshots.DeleteSnapshot({ snapshot_id: snapshot.id })));
  return snapshot;
}

async function deleteIfThere(remove) {
  try {
    await remove();
  } catch (error) {
    if (error.code !== grpc.status.NOT_FOUND) throw error;
  }
}

// The ServiceError a call ends with; the call must not succeed.
async function failure(promise) {
  const outcome = await promise.then(
    (answer) => ({ answer }),
    (error) => ({ error }),
  );
  if (!outcome.error) throw new Error(`expected an error, got ${JSON.stringify(outcome.answer)}`);
  return outcome.error;
}

// { status, details: { 'google.rpc.ErrorInfo': … } } out of grpc-status-details-bin.
function statusDetails(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!bytes) throw new Error(`no grpc-status-details-bin with ${error.message}`);
  const status = definition['google.rpc.Status'].deserialize(bytes);
  const details = {};
  for (const any of status.details) {
    const type = any.type_url.split('/').pop();
    details[type] = definition[type].deserialize(any.value);
  }
  return { status, details };
}

// An authorized request to the mock behind the gateway.
function rest(pathAndQuery, options = {}) {
  return fetch(restUrl + pathAndQuery, { headers: { authorization: AUTHORIZATION }, ...options });
}

module.exports = {
  AUTHORIZATION,
  closeClients,
  connect,
  failure,
  grpc,
  grpcUrl,
  hypeman,
  instances,
  rest,
  runningInstance,
  snapshotOf,
  snapshots,
  statusDetails,
  uniqueName,
  usual,
  waitUntilRunning,
};
