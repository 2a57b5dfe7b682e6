import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SputnikError, type LandingReport } from '@sputnikjs/core';
import { bridgeBlock, PRODUCER, RECEIVER, type ConsumedMessage, type ProduceMessage } from '@sputnikjs/messaging';
import { echoBlock, testFlight, textOf, type EchoBlock, type TestFlight } from '@sputnikjs/testkit';
import { bridgesOf } from '../dist/bridge/headers.js';

type Answer = (message: ProduceMessage) => unknown;

interface Bridged {
  readonly flight: TestFlight;
  readonly producer: EchoBlock<ProduceMessage>;
  /** What the block has logged: the event and the text of each line. */
  readonly logged: () => readonly (readonly [unknown, string])[];
  /** Rejects with what the producer has thrown. */
  readonly pass: (message?: Partial<ConsumedMessage>) => Promise<ProduceMessage>;
  readonly count: (name: string) => number | undefined;
}

async function bridged(config: object = {}, answer: Answer = () => undefined): Promise<Bridged> {
  const producer = echoBlock<ProduceMessage, unknown>(answer);
  const flight = await testFlight({
    blocks: { [PRODUCER]: producer, [RECEIVER]: bridgeBlock },
    config: { bridge: { name: 'own', routes: [{ from: '#', to: '{1}' }], ...config } },
  });
  return {
    flight,
    producer,
    logged: () => flight.recorder.logs.map(({ event, text }) => [event, text ?? '']),
    async pass(message = {}) {
      const whole = { source: 'a', payload: Buffer.from('hello'), redelivered: false, ...message };
      await flight.to(RECEIVER).ask(whole);
      return producer.messages.at(-1) as ProduceMessage;
    },
    count: (name) =>
      flight.metrics().flatMap(({ metrics }) => metrics.find((one) => one.name === name)?.value ?? [])[0],
  };
}

const noOther = (): Promise<never> => Promise.reject(new Error('nobody is to be asked for'));

/** What a producer says when the server refuses something for good. */
const refusal = (): never => {
  throw new Error('it is too\nlarge');
};

for (const [from, to, source, target, separators] of [
  ['sensors/#', 'sensors.{1}', 'sensors/attic/1', 'sensors.attic.1'],
  ['sensors/#', 'sensors.{1}', 'sensors', 'sensors'],
  ['sensors/#', 'all', 'sensors/attic', 'all'],
  ['+/attic/+', '{2}.of.{1}', 'a/attic/b', 'b.of.a'],
  ['orders.*.new', 'orders/{1}', 'orders.eu.new', 'orders/eu'],
  ['orders.>', 'orders/{1}', 'orders.eu.1', 'orders/eu/1'],
  ['orders', 'new-{1}-of-{1}', 'orders', undefined],
  ['a/+', 'x-{1}.y', 'a/b', 'x-b.y'],
  ['#', '{1}', 'a/b', 'a/b'],
  ['#', '{1}', 'a/b', 'a.b', { from: '/', to: '.' }],
  ['v1.0/+/t', 't.{1}', 'v1.0/x/t', 't.x'],
  ['a|*', 'b|{1}', 'a|c', 'b|c', { from: '|', to: '|' }],
  ['a', '{constructor}', 'a', '{constructor}'],
] as const)
  test(`the route from ${from} to ${to} takes ${source} to ${target ?? 'nowhere, and check says so'}`, async () => {
    const config = { name: 'own', routes: [{ from, to }], ...(separators && { separators }) };
    const { problems = [] } = (await bridgeBlock.check?.(parsed(config), noOther)) ?? {};
    assert.equal(problems.length > 0, target === undefined, problems.join());
    if (target === undefined) return;
    const { pass } = await bridged(config);
    assert.equal((await pass({ source })).target, target);
  });

/** A configuration with its defaults. */
function parsed(config: object): object {
  const result = bridgeBlock.config?.['~standard'].validate(config);
  assert.ok(result !== undefined && !(result instanceof Promise) && !result.issues, JSON.stringify(result));
  return result.value as object;
}

test('the first route that matches is taken; what no route takes is refused', async () => {
  const routes = [
    { from: 'a/#', to: 'first' },
    { from: 'a/b', to: 'second' },
  ];
  const { pass, logged, count } = await bridged({ routes });
  assert.equal((await pass({ source: 'a/b' })).target, 'first');
  await assert.rejects(pass({ source: 'b' }), { code: 'ASK_FAILED' });
  assert.match(logged().at(-1)?.[1] ?? '', /no route takes messages from "b"/);
  assert.equal(count('refused_total'), 1);
});

test('body, content type, headers and id go along, and the name of the bridge', async () => {
  const { pass, count } = await bridged();
  const [payload, contentType, id] = [Buffer.from([0, 255]), 'image/png', 'żółw 7'];
  const message = await pass({ payload, contentType, id, headers: { traceparent: '00-1', 'sputnik-bridges': 'a,b' } });
  const headers = { traceparent: '00-1', 'Sputnik-Bridges': 'a, b, own' };
  assert.deepEqual(message, { target: 'a', payload, contentType, headers, id });
  assert.deepEqual([count('passed_total'), count('headers_dropped_total')], [1, 0]);
});

test('headers that not all servers take stay behind, and are counted', async () => {
  const { pass, count } = await bridged();
  const wrong = {
    'Nats-Msg-Id': 'x',
    CC: 'x',
    'x-death': '[]',
    'of two': 'x',
    lines: 'a\nb',
    space: ' x',
    'Content-Type': 'x',
  };
  const { headers } = await pass({ headers: { ...wrong, right: 'yes' } });
  assert.deepEqual(headers, { right: 'yes', 'Sputnik-Bridges': 'own' });
  assert.equal(count('headers_dropped_total'), Object.keys(wrong).length);
});

test('a message without an id has that of its place: the same at each delivery, and no other message has it', async () => {
  const { pass } = await bridged();
  const idOf = async (message: Partial<ConsumedMessage>): Promise<string | undefined> => (await pass(message)).id;
  const first = await idOf({ sequence: '1-5' });
  assert.ok(first !== undefined);
  assert.equal(await idOf({ sequence: '1-5', redelivered: true }), first);
  const others = [await idOf({ sequence: '1-6' }), await idOf({ sequence: '1-5', source: 'b' })];
  assert.equal(new Set([first, ...others]).size, 3);
  assert.equal(await idOf({}), undefined, 'two messages with the same content are two');
});

test('an id that servers do not take becomes another, always the same', async () => {
  const { pass } = await bridged();
  for (const id of ['', 'two\nlines', ' x', 'x'.repeat(256)]) {
    const { id: first = '' } = await pass({ id });
    assert.match(first, /^[\w-]{43}$/);
    assert.equal((await pass({ id })).id, first);
  }
});

test('an envelope has all that is known of a message', async () => {
  const { pass } = await bridged({ envelope: true });
  const known = { id: '7', contentType: 'text/plain', replyTo: 'r', correlationId: 'c' };
  const { payload, contentType, headers } = await pass({ ...known, headers: { k: ' v ' }, source: 'a' });
  const expected = { ...known, source: 'a', bridges: ['own'], headers: { k: ' v ' }, payload: 'hello' };
  assert.deepEqual(JSON.parse(payload as string), expected);
  assert.deepEqual([contentType, headers], ['application/json', { 'Sputnik-Bridges': 'own' }]);
  const binary = await pass({ payload: Buffer.from([0, 255]) });
  assert.equal((JSON.parse(binary.payload as string) as Record<string, unknown>)['payloadBase64'], 'AP8=');
});

test('what a server strips of a message is counted, unless there was nothing but what the bridge gave it', async () => {
  const { pass, count } = await bridged({}, () => ({ stripped: true }));
  await pass();
  assert.equal(count('stripped_total'), 0);
  await pass({ contentType: 'text/plain' });
  await pass({ headers: { k: 'v' } });
  assert.equal(count('stripped_total'), 2);
});

test('what the bridge has brought it does not take back: it is acknowledged, and counted', async () => {
  const { pass, producer, count } = await bridged();
  await pass({ headers: { 'Sputnik-Bridges': 'other, own' } });
  assert.deepEqual([producer.messages.length, count('circling_total')], [0, 1]);
  await pass({ headers: { 'Sputnik-Bridges': 'other, own-er' } });
  assert.equal(producer.messages.length, 1);
});

test('what the other server cannot take now is not acknowledged', async () => {
  let isAway = true;
  const { pass, logged, count } = await bridged({ deadLetter: 'dead' }, () => {
    if (isAway) throw new SputnikError('CONNECTION_LOST');
  });
  await assert.rejects(pass(), { code: 'ASK_FAILED' });
  assert.equal(logged().at(-1)?.[0], 'bridgeWaits');
  isAway = false;
  assert.equal((await pass({ redelivered: true })).target, 'a');
  assert.deepEqual([count('refused_total'), count('redelivered_total'), count('passed_total')], [0, 1, 1]);
});

test('what the other server refuses for good goes to the dead letters, with the reason, and the rest goes on', async () => {
  const { pass, logged, count } = await bridged({ deadLetter: 'dead' }, ({ target }) => {
    if (target === 'large') refusal();
  });
  const letter = await pass({ source: 'large', id: '1', headers: { k: 'v' } });
  assert.deepEqual(letter.headers, {
    k: 'v',
    'Bridge-Reason': String.raw`it is too\nlarge`,
    'Bridge-Source': 'large',
    'Bridge-Target': 'large',
    'Sputnik-Bridges': 'own',
  });
  assert.deepEqual([letter.target, letter.id], ['dead', 'dead:1'], 'a server that knows the id takes it all the same');
  assert.equal((await pass()).target, 'a');
  assert.deepEqual([count('refused_total'), count('dead_letters_total'), count('passed_total')], [1, 1, 1]);
  assert.equal(logged().at(-1)?.[0], 'bridgeRefused');
});

test('without a place for dead letters, or if that refuses them too, a refused message is not acknowledged', async () => {
  for (const config of [{}, { deadLetter: 'dead' }]) {
    const { pass, count } = await bridged(config, refusal);
    await assert.rejects(pass(), { code: 'ASK_FAILED' });
    assert.deepEqual([count('refused_total'), count('dead_letters_total'), count('passed_total')], [1, 0, 0]);
  }
});

test('a duplicate that the other server has already is counted', async () => {
  const { pass, count } = await bridged({}, () => ({ duplicate: true }));
  await pass({ id: '1' });
  assert.deepEqual([count('passed_total'), count('duplicates_total')], [1, 1]);
});

test('messages go over in their order, many at a time', async () => {
  const { flight, producer } = await bridged();
  const all = Array.from({ length: 500 }, (_, n) => `${n}`);
  await Promise.all(
    all.map((text) => flight.to(RECEIVER).ask({ source: 'a', payload: Buffer.from(text), redelivered: false })),
  );
  assert.deepEqual(
    producer.messages.map(({ payload }) => String(payload)),
    all,
  );
});

test('a landing while the other server is away is clean: the messages stay at their source', async () => {
  let fail: (error: Error) => void = () => {};
  const { flight, pass, logged } = await bridged({}, () => new Promise((_, reject) => (fail = reject)));
  const passing = assert.rejects(pass(), { code: 'ASK_FAILED' });
  await flight.clock.advance(0);
  const landed: Promise<LandingReport> = flight.land();
  await flight.clock.advance(0);
  fail(new SputnikError('CONNECTION_LOST'));
  await passing;
  assert.equal((await landed).clean, true);
  assert.equal(logged().filter(([event]) => event === 'bridgeWaits').length, 0);
});

test('check finds messages that would go round in circles by topics', async () => {
  const there = parsed({ name: 'b', routes: [{ from: 'sensors/#', to: 'sensors.{1}' }], back: 'back' });
  const check = async (routes: readonly object[]): Promise<readonly string[]> => {
    const back = parsed({ name: 'b', routes });
    const { problems = [] } = (await bridgeBlock.check?.(there, async () => back as never)) ?? {};
    return problems;
  };
  const [problem, ...others] = await check([{ from: 'sensors.>', to: 'sensors/{1}' }]);
  assert.equal(others.length, 0);
  assert.match(problem ?? '', /^routes\[0\]: messages would go in circles: what goes to "sensors\.\{1\}" comes back/);
  assert.equal((await check([{ from: '*.attic.>', to: 'sensors/{1}' }])).length, 1);
  assert.deepEqual(await check([{ from: 'sensors.>', to: 'from-nats/{1}' }]), []);
  assert.deepEqual(await check([{ from: 'commands.>', to: 'sensors/{1}' }]), []);
});

test('bridges that a message has passed are told from one another', () => {
  const of = (value: string): readonly string[] =>
    bridgesOf({ source: 'a', payload: Buffer.from(''), redelivered: false, headers: { 'SPUTNIK-BRIDGES': value } });
  assert.deepEqual(of('a,  b,,c '), ['a', 'b', 'c']);
  assert.deepEqual(of(''), []);
});

test('what comes is not changed', async () => {
  const { pass } = await bridged();
  const consumed = { source: 'a', payload: Buffer.from('x'), redelivered: false, headers: Object.freeze({ k: 'v' }) };
  await pass(Object.freeze(consumed));
  assert.equal(textOf(consumed), 'x');
});
