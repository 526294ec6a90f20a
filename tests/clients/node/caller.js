// grpc-js over definitions loaded at run time, as a caller of ../walk/walk.py.
'use strict';

const readline = require('node:readline');
const { closeClients, grpc, hypeman, instances, usual } = require('./client.js');

const methods = new Map(
  Object.values(hypeman.v1)
    .flatMap(({ service }) => Object.values(service ?? {})) // messages have none
    .map((method) => [method.path.slice(1), method]),
);

// The loader takes durations as messages only, proto3 JSON has them as "1.5s".
function fromJson(value) {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'string' && /^\d+s$/.test(value)) return { seconds: parseInt(value, 10) };
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, fromJson(v)]));
}

function answersOf({ path, requestSerialize, responseDeserialize, responseStream }, request) {
  const { stub } = instances; // any: the path says the service
  const { metadata, deadline } = usual();
  const call = [path, requestSerialize, responseDeserialize, request, metadata, { deadline }];
  return new Promise((resolve, reject) => {
    if (!responseStream) {
      stub.makeUnaryRequest(...call, (error, got) => (error ? reject(error) : resolve([got])));
      return;
    }
    const answers = [];
    stub
      .makeServerStreamRequest(...call)
      .on('data', (got) => answers.push(got))
      .on('error', reject)
      .on('end', () => resolve(answers));
  });
}

async function main() {
  console.log(JSON.stringify({ methods: [...methods.keys()] }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { rpc, request } = JSON.parse(line);
    const reply = await answersOf(methods.get(rpc), fromJson(request)).then(
      (answers) => ({ code: 'OK', answers }),
      (error) => ({ code: grpc.status[error.code], message: error.details }),
    );
    console.log(JSON.stringify(reply));
  }
  closeClients();
}

main();
