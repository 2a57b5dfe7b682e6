import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SputnikError } from '@sputnikjs/core';
import { fly, message } from './flights.js';
import { Receiver } from './receiver.js';

test('a message is POSTed as a signed CloudEvent, and handled when the receiver has answered 2xx, not before', async (t) => {
  const receiver = await Receiver.open(t);
  const { give, metric } = await fly(receiver);
  let outcome = 'none yet';
  const given = give(message('{"a":1}', { id: '42', contentType: 'application/json' })).then(
    (text) => (outcome = text),
  );
  const { url, method, headers, body, answer } = await receiver.next();
  assert.deepEqual([url, method, body.toString()], ['/hook', 'POST', '{"a":1}']);
  assert.equal(headers['content-type'], 'application/json');
  assert.deepEqual(
    ['specversion', 'id', 'source', 'type'].map((name) => headers[`ce-${name}`]),
    ['1.0', '42', '/orders', 'sputnik.message'],
  );
  assert.match(String(headers['webhook-id']), /^msg_[\w-]{43}$/);
  assert.match(String(headers['webhook-signature']), /^v1,[A-Za-z\d+/]{43}=$/);
  assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000) < 60);
  assert.equal(outcome, 'none yet');
  answer(204);
  assert.equal(await given, 'handled');
  assert.deepEqual([metric('accepted_total'), metric('attempts_total', { status: '204' })], [1, 1]);
});

test('what may pass is tried again, with the same id and a signature of its own time, until it is accepted', async (t) => {
  const receiver = await Receiver.open(t);
  const { flight, give, logged, metric } = await fly(receiver);
  const given = give(message('x'));
  const ids = new Set<unknown>();
  for (const [index, status] of [500, 302, 408, 425, 503].entries()) {
    const { headers, answer } = await receiver.next();
    ids.add(`${String(headers['webhook-id'])} ${String(headers['ce-id'])}`);
    answer(status, status === 302 ? { location: 'http://192.0.2.1/elsewhere' } : {}, 'not now');
    await logged('webhookFailed', index + 1);
    const [line] = flight.recorder.logs.filter(({ event }) => event === 'webhookFailed').slice(-1);
    assert.match(
      line?.text ?? '',
      new RegExp(`a message of "orders" was not delivered: the answer was ${status}.*: not now; trying again in`),
    );
    assert.equal(line?.['attempts'], index + 1);
    assert.equal(receiver.count, index + 1);
    await flight.clock.advance(1_000 * 2 ** index);
  }
  const { headers, answer } = await receiver.next();
  ids.add(`${String(headers['webhook-id'])} ${String(headers['ce-id'])}`);
  answer(200);
  assert.equal(await given, 'handled');
  assert.equal(ids.size, 1);
  assert.equal(metric('attempts_total'), 6);
});

test('Retry-After of 429 and 503 is heeded, for all messages', async (t) => {
  const receiver = await Receiver.open(t);
  const { flight, give, logged } = await fly(receiver);
  for (const status of [429, 503]) {
    const { count } = receiver;
    const first = give(message('1', { source: 'a' }));
    (await receiver.next()).answer(status, { 'retry-after': '100' });
    await logged('webhookFailed', status === 429 ? 1 : 2);
    const second = give(message('2', { source: 'b' }));
    await flight.clock.advance(99_000);
    assert.equal(receiver.count, count + 1);
    await flight.clock.advance(1_000);
    for (const came of [await receiver.next(), await receiver.next()]) came.answer(200);
    assert.deepEqual([await first, await second], ['handled', 'handled']);
  }
});

test('what the receiver refuses for good fails at once, and the server has it again', async (t) => {
  const receiver = await Receiver.open(t);
  const { flight, give, metric, produced } = await fly(receiver);
  const given = give(message('x'));
  (await receiver.next()).answer(410, {}, 'no\nlonger \u001b[31mhere');
  assert.match(await given, /^given up, http:\/\/127\.0\.0\.1:\d+: the answer was 410: no longer \[31mhere$/);
  const [line] = flight.recorder.logs.filter(({ event }) => event === 'webhookGivenUp');
  assert.match(line?.text ?? '', /the server delivers it again, unless you set "deadLetter"$/);
  assert.deepEqual([metric('given_up_total'), metric('dead_letters_total'), produced.length], [1, 0, 0]);
});

test('with a deadLetter it goes there, with its reason, source and time, as another message, and is handled when it is there', async (t) => {
  const receiver = await Receiver.open(t);
  let [store, stored] = [(): void => {}, false];
  const { give, metric, produced } = await fly(
    receiver,
    { deadLetter: 'dead' },
    () => new Promise<void>((resolve) => (store = resolve)),
  );
  const given = give(message('x', { id: '42', contentType: 'text/plain', headers: { mine: '1' }, source: 'a/ü' })).then(
    (text) => {
      assert.ok(stored);
      return text;
    },
  );
  const { headers, answer } = await receiver.next();
  answer(400, {}, 'bad');
  while (produced.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const [letter] = produced;
  const { 'Webhook-Time': time = '', ...others } = letter?.headers ?? {};
  assert.deepEqual(others, { mine: '1', 'Webhook-Reason': 'the answer was 400: bad', 'Webhook-Source': 'a/%C3%BC' });
  assert.ok(!Number.isNaN(Date.parse(time)));
  assert.deepEqual(
    [letter?.target, Buffer.from(letter?.payload ?? '').toString(), letter?.contentType, letter?.id],
    ['dead', 'x', 'text/plain', `dead:${String(headers['webhook-id'])}`],
  );
  stored = true;
  store();
  assert.equal(await given, 'handled');
  assert.deepEqual([metric('given_up_total'), metric('dead_letters_total')], [1, 1]);
});

test('a dead letter that the server refuses fails its message, so that it is not lost', async (t) => {
  const receiver = await Receiver.open(t);
  receiver.always(({ answer }) => answer(404));
  const { give, metric } = await fly(receiver, { deadLetter: 'dead' }, () => {
    throw new SputnikError('SERVER_FULL');
  });
  assert.notEqual(await give(message('x')), 'handled');
  assert.equal(metric('dead_letters_total'), 0);
});

test('after maxAttempts a message is given up', async (t) => {
  const receiver = await Receiver.open(t);
  const { flight, give, logged } = await fly(receiver, { maxAttempts: 2 });
  const given = give(message('x'));
  (await receiver.next()).answer(500);
  await logged('webhookFailed');
  await flight.clock.advance(1_000);
  (await receiver.next()).answer(502);
  assert.match(await given, /^given up, .*: after 2 attempts: the answer was 502$/);
});

test('messages of one source, or partition key, go one after the other; others beside them, as many as may', async (t) => {
  const receiver = await Receiver.open(t);
  const { give } = await fly(receiver, { concurrency: 3 });
  const keyed = (payload: string, key: string): Promise<string> =>
    give(message(payload, { source: payload, headers: { 'ce-partitionkey': key } }));
  const all = [
    give(message('a1', { source: 'a' })),
    give(message('a2', { source: 'a' })),
    keyed('k1', 'k'),
    keyed('k2', 'k'),
    give(message('b1', { source: 'b' })),
    give(message('c1', { source: 'c' })),
  ];
  const first = [await receiver.next(), await receiver.next(), await receiver.next()];
  const bodies = first.map(({ body }) => body.toString()).toSorted();
  assert.deepEqual(bodies, ['a1', 'b1', 'k1']);
  const order: string[] = [];
  receiver.always(({ body, answer }) => {
    order.push(body.toString());
    answer(200);
  });
  for (const { answer } of first) answer(200);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(['handled']));
  assert.equal(receiver.most, 3);
  assert.deepEqual(order.toSorted(), ['a2', 'c1', 'k2']);
});

test('without order all go at once', async (t) => {
  const receiver = await Receiver.open(t);
  const { give } = await fly(receiver, { order: 'none', concurrency: 3 });
  const all = ['1', '2', '3', '4'].map((payload) => give(message(payload)));
  const first = [await receiver.next(), await receiver.next(), await receiver.next()];
  assert.equal(receiver.most, 3);
  receiver.always(({ answer }) => answer(200));
  for (const { answer } of first) answer(200);
  await Promise.all(all);
  assert.equal(receiver.most, 3);
});

test('a landing answers the attempts under way, begins no others for what failed, and leaves the rest to the server', async (t) => {
  const receiver = await Receiver.open(t);
  const { flight, give, logged } = await fly(receiver);
  const failed = give(message('1', { source: 'a' }));
  (await receiver.next()).answer(500);
  await logged('webhookFailed');
  const underWay = give(message('2', { source: 'b' }));
  const behind = give(message('3', { source: 'b' }));
  const came = await receiver.next();
  const landed = flight.land();
  assert.match(await failed, /: the satellite lands: the answer was 500$/);
  came.answer(200);
  assert.equal(await underWay, 'handled');
  (await receiver.next()).answer(503, { 'retry-after': '60' });
  assert.match(await behind, /: the satellite lands: the answer was 503$/);
  const { unfinished, failures } = await landed;
  assert.deepEqual([unfinished, failures], [[], []]);
  assert.equal(receiver.count, 3);
});
