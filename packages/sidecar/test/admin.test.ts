import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, type Metric } from '@sputnikjs/core';
import { gate, TestServer } from '@sputnikjs/testkit';
import { eventually, Watched } from './admin-helpers.js';

const idle = defineBlock({ name: 'idle', make: () => ({}) });

test('the probes say how far the start is', async () => {
  const opened = gate();
  const slow = defineBlock({ name: 'slow', make: () => ({ init: () => opened.passed }) });
  const satellite = await Watched.start({ blocks: [{ name: 'slow' }], blockFactories: { slow } });
  assert.deepEqual(await satellite.get('/startupz'), {
    status: 503,
    text: '[-] started: not all blocks are initialised; it waits for slow\nnot ok\n',
  });
  assert.equal((await satellite.get('/readyz')).status, 503);
  assert.deepEqual(await satellite.get('/livez'), { status: 200, text: 'ok\n' });
  const before = await satellite.status();
  assert.equal(before.satellite.state, 'preparing');
  assert.match(before.summary, /^Starting for .*: initialises slow\. It has no server\. 0 lost\.$/);
  opened.open();
  await satellite.runner;
  for (const path of ['/startupz', '/readyz', '/livez'])
    assert.deepEqual(await satellite.get(path), { status: 200, text: 'ok\n' }, path);
  assert.match((await satellite.status()).summary, /^Flying for .* It has no server\. 0 lost\.$/);
});

test('while blocks are initialised the server is not called away: it comes after them', async () => {
  const opened = gate();
  const slow = defineBlock({ name: 'slow', make: () => ({ init: () => opened.passed }) });
  const options = { blocks: [{ name: 'slow' }], blockFactories: { slow }, connector: new TestServer() };
  const satellite = await Watched.start(options);
  const starting = await satellite.get('/readyz');
  assert.deepEqual(starting, {
    status: 503,
    text:
      '[-] started: not all blocks are initialised; it waits for slow\n' +
      '[-] server: it connects to the server after all blocks are initialised\nnot ok\n',
  });
  const { server, summary } = await satellite.status();
  assert.equal(server.away, false);
  assert.match(summary, /It has not tried to connect to its server yet\./);
  opened.open();
  await satellite.log.said('connected');
  assert.equal((await satellite.get('/readyz')).status, 200);
});

test('the first attempt to connect is given its time: the server is away when it has failed', async () => {
  const opened = gate();
  const connect = async (): Promise<never> => {
    await opened.passed;
    throw new Error('nobody is there');
  };
  const connector = { connect, isConnected: () => false, disconnect() {} };
  const satellite = await Watched.start({ blocks: [{ name: 'idle' }], blockFactories: { idle }, connector });
  await satellite.log.said('connecting');
  assert.equal(
    (await satellite.get('/readyz')).text,
    '[-] server: it connects to the server for the first time\nnot ok\n',
  );
  const before = await satellite.status();
  assert.equal(before.server.away, false);
  assert.match(before.summary, / It connects to its server for the first time\. 0 lost\.$/);
  opened.open();
  await satellite.log.said('connectFailed');
  assert.match((await satellite.get('/readyz')).text, /^\[-\] server: the server has been away for .*\n/);
  const after = await satellite.status();
  assert.equal(after.server.away, true);
  assert.match(after.summary, /Server away for .*: nobody is there\. 0 lost\.$/);
});

test('while the server is away it is alive and not ready, and says why; the metrics and the status agree', async () => {
  const connector = new TestServer();
  const options = { blocks: [{ name: 'idle' }], blockFactories: { idle }, connector };
  const satellite = await Watched.start(options);
  await satellite.log.said('connected');
  assert.equal((await satellite.get('/readyz')).status, 200);
  connector.drop(new Error('it went away'));
  const { status, text } = await satellite.get('/readyz?verbose');
  assert.equal(status, 503);
  assert.match(
    text,
    /^\[\+\] started: .*\n\[\+\] landing: .*\n\[-\] server: the server has been away .*\n\[\+\] delivery: /,
  );
  assert.equal((await satellite.get('/livez')).status, 200);
  const { server, summary } = await satellite.status();
  assert.deepEqual([server.losses, server.connects], [1, 1]);
  assert.equal(server.history.find(({ what }) => what === 'lost')?.text, 'it went away');
  assert.match(summary, /Server away for .*: /);
  assert.deepEqual(await satellite.metric('sputnik_server_connected'), { '': 0 });
  assert.deepEqual(await satellite.metric('sputnik_server_losses_total'), { '': 1 });
  connector.restore();
  await eventually(
    () => satellite.get('/readyz'),
    (answer) => answer.status === 200,
  );
  assert.equal((await satellite.status()).server.connects, 2);
});

test('a satellite that needs no server to be ready is ready without it', async () => {
  const connector = new TestServer();
  connector.vanish();
  const options = { blocks: [{ name: 'idle' }], blockFactories: { idle }, connector };
  const satellite = await Watched.start(options, { readyz: { requireServer: false } });
  await satellite.runner;
  assert.equal((await satellite.get('/readyz')).status, 200);
});

/** A block that takes four messages and is stuck with the first, and one that sends it as many as it is told. */
function stuck(): {
  readonly open: () => void;
  readonly options: Parameters<typeof Watched.start>[0];
} {
  const opened = gate();
  const drain = defineBlock({
    name: 'drain',
    make: () => ({ mailbox: { capacity: 4, whenFull: 'drop-oldest' }, onMsg: () => opened.passed }),
  });
  const source = defineBlock({
    name: 'source',
    needs: { drain: 'drain' },
    make: (_config, to) => ({ run: () => [1, 2, 3, 4, 5, 6, 7].forEach((n) => to.drain.send({ n })) }),
  });
  const options = { blocks: [{ name: 'drain' }, { name: 'source' }], blockFactories: { drain, source } };
  return { open: opened.open, options };
}

test('an overloaded block, what waits there and what was lost are in status, metrics and readyz, and agree', async () => {
  const { open, options } = stuck();
  const satellite = await Watched.start(options, { readyz: { maxAgeMs: 50 } });
  const { status, text } = await eventually(
    () => satellite.get('/readyz'),
    (answer) => answer.status === 503,
  );
  assert.match(
    text,
    /\[-\] delivery: the oldest message has waited for .*; more than 0.1 s is too long\n/,
    `${status}`,
  );
  const { blocks, bottleneck, held, lost, edges, oldestMs, summary } = await satellite.status();
  const [drain] = blocks;
  assert.deepEqual([drain?.depth, drain?.capacity, drain?.underWay, drain?.accepted, drain?.dropped], [3, 4, 1, 7, 3]);
  assert.ok((drain?.oldestMs ?? 0) >= 50 && oldestMs >= 50);
  assert.deepEqual([bottleneck, held, lost.total], ['drain', 4, 3]);
  assert.deepEqual(
    lost.places.map(({ block, how, count }) => ({ block, how, count })),
    [{ block: 'drain', how: 'dropped', count: 3 }],
  );
  assert.deepEqual(
    edges.map(({ from, to, count }) => ({ from, to, count })),
    [{ from: 'source', to: 'drain', count: 7 }],
  );
  assert.match(summary, /drain is the bottleneck: 3 messages wait there\. 3 lost: 3 dropped in drain\.$/);
  const ofDrain = '{block="drain"}';
  assert.deepEqual(await satellite.metric('sputnik_mailbox_depth'), { [ofDrain]: 3 });
  assert.deepEqual(await satellite.metric('sputnik_mailbox_capacity'), { [ofDrain]: 4 });
  assert.deepEqual(await satellite.metric('sputnik_block_messages_dropped_total'), { [ofDrain]: 3 });
  assert.equal((await satellite.metric('sputnik_messages_lost_total'))[ofDrain], 3);
  assert.deepEqual(await satellite.metric('sputnik_messages_total'), { '{from="source",to="drain"}': 7 });
  assert.ok(((await satellite.metric('sputnik_oldest_message_age_seconds'))[''] ?? 0) >= 0.05);
  assert.ok((await satellite.log.said('dropped')).includes('drain'));
  open();
  await eventually(
    () => satellite.get('/readyz'),
    (answer) => answer.status === 200,
  );
  assert.deepEqual(await satellite.metric('sputnik_block_messages_handled_total'), { [ofDrain]: 4 });
  assert.deepEqual((await satellite.metric('sputnik_message_handling_seconds_count'))[ofDrain], 4);
});

test('messages that fail where nobody knows are lost; those of a question are not', async () => {
  const bad = defineBlock({
    name: 'bad',
    make: () => ({
      onMsg: () => {
        throw new Error('no luck');
      },
      onError: () => 'continue' as const,
    }),
  });
  const source = defineBlock({
    name: 'source',
    needs: { bad: 'bad' },
    make: (_config, to) => ({
      run: async () => {
        to.bad.send({ n: 1 });
        await to.bad.ask({ n: 2 }).catch(() => {});
      },
    }),
  });
  const options = { blocks: [{ name: 'bad' }, { name: 'source' }], blockFactories: { bad, source } };
  const satellite = await Watched.start(options);
  await satellite.runner;
  const { lost, blocks, problems, alive } = await eventually(
    () => satellite.status(),
    ({ blocks: [first] }) => first?.failed === 2,
  );
  assert.deepEqual(lost, {
    total: 1,
    places: [{ block: 'bad', how: 'failed', count: 1, text: 'bad failed in onMsg: no luck' }],
  });
  assert.equal(blocks[0]?.lost, 1);
  assert.ok(alive.ok, 'who lets failures pass has not failed');
  assert.deepEqual(
    problems.map(({ level, block, text }) => ({ level, block, text })),
    [{ level: 'error', block: 'bad', text: 'bad failed in onMsg: no luck' }],
  );
});

test('what blocks measure themselves is in the metrics, and their losses are losses', async () => {
  const metrics = (): readonly Metric[] => [
    {
      name: 'datagrams_dropped_total',
      type: 'loss',
      help: 'the kernel dropped',
      value: 3,
      labels: { listener: 'udp' },
    },
    { name: 'connections', type: 'gauge', help: 'Who is connected.', value: 2 },
  ];
  const reader = defineBlock({ name: 'reader', make: () => ({ metrics }) });
  const blocks = [{ name: 'reader' }, { name: 'reader', responsibility: 'second' }];
  const satellite = await Watched.start({ blocks, blockFactories: { reader } });
  await satellite.runner;
  const { lost, blocks: blockEntries } = await satellite.status();
  assert.equal(lost.total, 6);
  assert.deepEqual(lost.places[0], { block: 'reader', how: 'lost', count: 3, text: 'udp: the kernel dropped' });
  assert.deepEqual(
    blockEntries.map(({ responsibility, measured }) => [responsibility, measured]),
    ['reader', 'second'].map((responsibility) => [responsibility, metrics()]),
  );
  assert.deepEqual(await satellite.metric('sputnik_reader_connections'), {
    '{block="reader"}': 2,
    '{block="second"}': 2,
  });
  assert.deepEqual(await satellite.metric('sputnik_reader_datagrams_dropped_total'), {
    '{block="reader",listener="udp"}': 3,
    '{block="second",listener="udp"}': 3,
  });
});

test('a landing is seen while it lasts: not ready, what it waits for, and then nobody answers', async () => {
  const opened = gate();
  const slow = defineBlock({ name: 'slow', make: () => ({ onLanding: () => opened.passed }) });
  const satellite = await Watched.start({ blocks: [{ name: 'slow' }], blockFactories: { slow } });
  const runner = await satellite.runner;
  const stopped = runner.stop('enough');
  const { status, text } = await satellite.get('/readyz');
  assert.deepEqual([status, text], [503, '[-] landing: it lands: enough\nnot ok\n']);
  assert.equal((await satellite.get('/livez')).status, 200);
  const { landing, summary } = await satellite.status();
  assert.equal(landing?.cause, 'enough');
  assert.match(summary, /^Landing for .* after enough/);
  opened.open();
  assert.ok((await stopped).clean);
  await runner.wait();
  await assert.rejects(satellite.get('/livez'), 'the port is closed');
});

test('events come as they happen, and those that were missed on return', async () => {
  const connector = new TestServer();
  const options = { blocks: [{ name: 'idle' }], blockFactories: { idle }, connector };
  const satellite = await Watched.start(options);
  await satellite.log.said('connected');
  const ended = new AbortController();
  const read = async function* (lastId: string): AsyncIterableIterator<string> {
    const headers = { 'Last-Event-ID': lastId };
    const response = await fetch(`${satellite.url}/events`, { headers, signal: ended.signal });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const parts = (rest + Buffer.from(chunk as Uint8Array).toString()).split('\n\n');
      rest = parts.pop() ?? '';
      yield* parts.filter((part) => part.startsWith('id: '));
    }
  };
  const all = read('0');
  const seen: string[] = [];
  for await (const event of all) {
    seen.push(/^event: (.*)$/m.exec(event)?.[1] ?? '');
    if (seen.at(-1) === 'connected') connector.drop('the cable');
    if (seen.at(-1) === 'disconnected') {
      assert.match(event, /"level":"warn".*"text":"the connection to the server is lost: the cable"/);
      break;
    }
  }
  assert.ok(seen.includes('initialized') && seen.includes('launched'), seen.join());
  const missed = read(`${seen.length - 1}`);
  const { value } = await missed.next();
  assert.match(String(value), new RegExp(`^id: ${seen.length}\\nevent: disconnected\\n`));
  ended.abort();
});
