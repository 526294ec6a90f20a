// The SDK's own examples, as published in its comments, each with the literal ids that its generated
// tests have as well. The mock is told by HYPEMAN_BASE_URL and HYPEMAN_API_KEY and runs with --vivify.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { Hypeman } = require('@onkernel/hypeman');

const resources = path.join(path.dirname(require.resolve('@onkernel/hypeman')), 'resources');

// What the mock answers 501 until it has these resources.
const later = new Set([
  'images', 'volumes', 'devices', 'ingresses', 'builds', 'builders', 'pushes', 'resources',
]);
// Examples that every server refuses: without a body, an update of nothing, a schedule that keeps
// nothing.
const corrected = {
  'instances.start': ['id', {}],
  'instances.update': ['id', { ttl: '24h' }],
  'instances.snapshotSchedule.update': ['id', { interval: '24h', retention: { max_count: 7 } }],
};

function javascriptFiles(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return javascriptFiles(full);
    return entry.name.endsWith('.js') ? [full] : [];
  });
}

// [{ name: "instances.fork", args: ['id', { name: 'my-workload-1-fork' }] }]
function publishedExamples() {
  const examples = [];
  for (const file of javascriptFiles(resources)) {
    for (const [, block] of fs.readFileSync(file, 'utf8').matchAll(/```ts\n([^`]*)```/g)) {
      const source = block.replace(/^ *\* ?/gm, '');
      const call = /await\s+client\s*\.([\w.]+)\(([\s\S]*)\);/.exec(source);
      if (call === null) continue;
      const [, name, args] = call;
      if (later.has(name.split('.')[0])) continue;
      examples.push({ name, args: corrected[name] ?? new Function(`return [${args}]`)() });
    }
  }
  return examples;
}

async function run(client, { name, args }) {
  const steps = name.split('.');
  const method = steps.pop();
  const resource = steps.reduce((object, step) => object[step], client);
  const answer = await resource[method](...args);
  if (answer && answer[Symbol.asyncIterator]) for await (const item of answer) void item;
}

const client = new Hypeman({ maxRetries: 0 });
const examples = publishedExamples();

test('the examples are found', () => {
  assert.strictEqual(examples.length, 27);
  for (const name of Object.keys(corrected)) assert.ok(examples.some((e) => e.name === name), name);
});

test('every example succeeds after every other', { timeout: 120000 }, async () => {
  for (const first of examples) {
    for (const next of examples) {
      for (const example of [first, next]) {
        await run(client, example).catch((error) => {
          throw new Error(`${example.name} after ${first.name}: ${error.message}`);
        });
      }
    }
  }
});

test('what is wrong fails as ever', async () => {
  await assert.rejects(client.instances.fork('id', { name: 'Not A Name' }), { status: 400 });
  await assert.rejects(client.instances.update('id', {}), { status: 400 });
  await assert.rejects(client.instances.start('id'), { status: 400 });
  await assert.rejects(client.instances.get('a b'), { status: 404 });
});
