// What the published SDK makes of the mock's faults (docs/control-api.md): whether its own retries make
// things twice, and how its streams end. Each test has a world of its own.
'use strict';

const assert = require('node:assert');
const test = require('node:test');
const { Hypeman } = require('@onkernel/hypeman');

const mock = process.env.HYPEMAN_BASE_URL;

async function control(method, url, body) {
  const answer = await fetch(url, { method, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${url}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

// A client in a new world, and what belongs to that.
async function world(options) {
  const { name } = await control('POST', `${mock}/_mock/worlds`, { clock: 'auto', ttl: '10m' });
  const baseURL = `${mock}/_w/${name}`;
  const client = new Hypeman({ baseURL, ...options });
  await client.instances.create({ name: 'web1', image: 'nginx' });
  await client.instances.wait('web1', { state: 'Running' });
  return {
    client,
    fault: (rule) => control('POST', `${baseURL}/_mock/faults`, rule),
    counts: async () =>
      (await control('GET', `${baseURL}/_mock/faults`)).map((f) => [f.matched, f.applied]),
    // Why the mock finds fault with the client's retry.
    unsafe: async () =>
      (await control('GET', `${baseURL}/_mock/verdicts`)).verdicts
        .filter((v) => v.kind === 'unsafe-retry').map((v) => v.why),
    clear: () => control('DELETE', `${baseURL}/_mock/faults`),
  };
}

const snapshots = { operation: 'createInstanceSnapshot', instance: 'web1' };
const losses = [{ by: 'reset' }, { by: 'empty' }, { by: 'hang' }, { by: 'status', status: 502 }];

for (const loss of losses) {
  test(`a retry after a commit whose answer is lost by ${loss.by} meets what it made`, async () => {
    const { client, fault, counts, unsafe, clear } = await world({ maxRetries: 1, timeout: 3000 });
    await fault({ match: snapshots, times: 1, effect: 'commit-then-lose', ...loss });
    await assert.rejects(client.instances.snapshots.create('web1', { kind: 'Standby', name: 's' }), {
      status: 409,
    });
    assert.deepStrictEqual(await counts(), [[2, 1]]);
    const [why, ...more] = await unsafe();
    assert.match(why, /which had taken effect; it was answered 409$/);
    assert.deepStrictEqual(more, []);
    await clear();
    assert.deepStrictEqual((await client.snapshots.list()).map((s) => s.name), ['s']);
  });

  test(`a request that is lost by ${loss.by} has made nothing before its retry`, async () => {
    const { client, fault, counts, unsafe, clear } = await world({ maxRetries: 1, timeout: 3000 });
    await fault({ match: snapshots, times: 1, effect: 'lose-request', ...loss });
    const create = (retries) =>
      client.instances.snapshots.create(
        'web1', { kind: 'Standby', name: 's' }, { maxRetries: retries });
    await assert.rejects(create(0));
    assert.deepStrictEqual(await client.snapshots.list(), []);
    await clear();
    await fault({ match: snapshots, times: 1, effect: 'lose-request', ...loss });
    const made = await create(1);
    assert.deepStrictEqual(await counts(), [[2, 1]]);
    assert.match((await unsafe()).at(-1), /which had not taken effect; it was answered 201$/);
    assert.deepStrictEqual((await client.snapshots.list()).map((s) => s.id), [made.id]);
  });
}

test('a retry is told apart by its header, and waits as it is told to', async () => {
  const { client, fault, counts } = await world({ maxRetries: 2 });
  await fault([
    { match: { headers: { 'X-Stainless-Retry-Count': '0' } }, effect: 'status', status: 429,
      retry_after: '20ms' },
    { match: { headers: { 'X-Stainless-Retry-Count': '1' } }, effect: 'status', status: 503,
      retry_after: '30ms' },
  ]);
  const began = process.hrtime.bigint();
  assert.strictEqual((await client.instances.get('web1')).name, 'web1');
  const tookMs = Number(process.hrtime.bigint() - began) / 1e6;
  assert.ok(tookMs >= 50, `${tookMs} ms`);
  assert.deepStrictEqual(await counts(), [[1, 1], [1, 1]]);
});

test('what is cut or no JSON is an error', async () => {
  const { client, fault, clear } = await world({ maxRetries: 0 });
  for (const effect of ['truncate', 'malformed-chunk', 'invalid-json', 'reset', 'empty']) {
    await fault({ match: { operation: 'getInstance' }, effect });
    await assert.rejects(client.instances.get('web1'), effect);
    await clear();
  }
});

test('a drip on an automatic clock is whole at once', async () => {
  const { client, fault } = await world({ maxRetries: 0, timeout: 20000 });
  await fault({ effect: 'drip', bytes_per_second: 1 });
  assert.strictEqual((await client.instances.get('web1')).name, 'web1');
});

test('a hang ends when the client has had enough', async () => {
  const { client, fault } = await world({ maxRetries: 0 });
  await fault({ effect: 'hang' });
  await assert.rejects(client.instances.get('web1', { timeout: 100 }), { name: 'Error' });
});

// The lines until the stream ends, and how it does.
async function follow(client, options) {
  const lines = [];
  try {
    for await (const line of await client.instances.logs('web1', { follow: true }, options)) {
      lines.push(line);
      if (lines.length === options?.enough) return { lines };
    }
    return { lines, ended: true };
  } catch (error) {
    return { lines, error };
  }
}

test('a stream that is cut in an event is an error after the whole ones', async () => {
  const { client, fault } = await world({ maxRetries: 0 });
  const { lines: whole } = await follow(client, { enough: 5 });
  await fault({ effect: 'cut-event', after_events: 3 });
  const { lines, error } = await follow(client);
  assert.deepStrictEqual(lines, whole.slice(0, 3));
  assert.ok(error !== undefined);
});

test('a stream that stalls gives what came before, and is left', async () => {
  const { client, fault } = await world({ maxRetries: 0 });
  const { lines: whole } = await follow(client, { enough: 5 });
  await fault({ effect: 'stall', after_events: 2 });
  const left = new AbortController();
  const lines = [];
  const stream = await client.instances.logs('web1', { follow: true }, { signal: left.signal });
  for await (const line of stream) {
    lines.push(line);
    if (lines.length === 2) setImmediate(() => left.abort());
  }
  assert.deepStrictEqual(lines, whole.slice(0, 2));
});

test('an event that is malformed is an error, and nothing of it is a line', async () => {
  const { client, fault } = await world({ maxRetries: 0 });
  const { lines: whole } = await follow(client, { enough: 5 });
  await fault({ effect: 'malformed-event', after_events: 1 });
  const { lines, error } = await follow(client);
  assert.deepStrictEqual(lines, whole.slice(0, 1));
  assert.ok(error instanceof SyntaxError);
});
