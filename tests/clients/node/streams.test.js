// A log as a stream: read to its end, followed, left.
'use strict';

const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const { closeClients, grpc, instances, runningInstance, uniqueName, usual } = require('./client.js');

after(closeClients);

function logOf(instanceId, request = {}) {
  const { metadata, deadline } = usual();
  const asked = { instance_id: instanceId, ...request };
  return instances.stub.StreamLogs(asked, metadata, { deadline });
}

// Hands out lines one by one; a line that is not asked for is not read, either.
function reader(call) {
  const messages = call[Symbol.asyncIterator]();
  return async function until(words) {
    for (;;) {
      const { done, value } = await messages.next();
      assert.ok(!done, `the log ends without ${words}`);
      if (value.line.includes(words)) return;
    }
  };
}

test('a log is read to its end', async (t) => {
  const instance = await runningInstance(t);
  const lines = [];
  for await (const { line } of logOf(instance.id)) lines.push(line);
  assert.match(lines.at(-1), /starting what the image says/);
});

test('a followed log goes on until it is cancelled', async (t) => {
  const instance = await runningInstance(t);
  const call = logOf(instance.id, { follow: true });
  const until = reader(call);
  await until('starting what the image says');
  await instances.StopInstance({ instance_id: instance.id });
  await instances.StartInstance({ instance_id: instance.id });
  await until('HYPEMAN-EXIT code=143');
  await until('starting what the image says');
  call.cancel();
  await assert.rejects(until('what never comes'), { code: grpc.status.CANCELLED });
});

test('the log of no instance is not found', async () => {
  const until = reader(logOf(uniqueName('no-such')));
  await assert.rejects(until('anything'), { code: grpc.status.NOT_FOUND });
});
