import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock, SputnikError } from '@sputnikjs/core';
import { PRODUCER, type ProduceMessage } from '@sputnikjs/messaging';
import { turn } from '@sputnikjs/testkit';
import { away, folder, silent, spoolFlight, until } from './helpers.js';

const message = (n: number, target = 'orders'): ProduceMessage => ({ target, payload: `${n}` });
const numbers = (messages: readonly ProduceMessage[]): number[] =>
  messages.map(({ payload }) => Number(Buffer.from(payload).toString()));

test('D1: a message is accepted when it is on disk: before the producer has answered, and while it is away', async () => {
  const { flight, ask, metrics } = await spoolFlight({ path: folder() }, silent);
  assert.equal(await ask(message(1)), undefined);
  assert.equal(metrics()['kept_messages'], 1);
  // file, its header, its name, and the message
  assert.equal(metrics()['syncs_total'], 3);
  await flight.land();
});

test('D1: all that waits while a batch is synced is in the next one', async () => {
  const { ask, metrics } = await spoolFlight({ path: folder() });
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => ask(message(n))));
  assert.ok((metrics()['syncs_total'] ?? 0) < 20, `${metrics()['syncs_total']} syncs`);
});

test('D3: what was accepted and not delivered is delivered after the next start, in order, exactly as it was', async () => {
  const path = folder();
  const sent: ProduceMessage[] = [
    message(1),
    { target: 'bytes', payload: Buffer.from([0, 255, 13, 10]), contentType: 'application/octet-stream' },
    { target: 'ü', payload: 'ü', headers: { a: 'b', 'x-y': '' }, id: 'mine' },
    { target: 'empty', payload: '', headers: {} },
  ];
  const first = await spoolFlight({ path }, away);
  for (const one of sent) await first.ask(one);
  const report = await first.flight.land();
  assert.ok(report.clean);
  const second = await spoolFlight({ path });
  await until(() => second.uplink.messages.length === sent.length);
  for (const [index, { id, payload, ...rest }] of second.uplink.messages.entries()) {
    const { id: own, payload: as, ...others } = sent[index] ?? assert.fail();
    assert.deepEqual(Buffer.from(payload), Buffer.from(as as string));
    assert.deepEqual(rest, { contentType: undefined, headers: undefined, ...others });
    if (own !== undefined) assert.equal(id, own);
  }
});

test('D4: what was delivered is noted soon after a start: one that is killed again and again does not send the same for ever', async () => {
  const path = folder();
  const { flight, uplink, ask, metrics } = await spoolFlight({ path });
  await ask(message(1));
  await until(() => metrics()['delivered_total'] === 1);
  await flight.clock.advance(50);
  await until(() => existsSync(join(path, 'cursor')));
  // what a kill would leave
  const left = folder();
  await cp(path, left, { recursive: true, filter: (source) => !source.endsWith('owner') });
  const next = await spoolFlight({ path: left });
  await next.ask(message(2));
  await until(() => next.uplink.messages.length > 0);
  assert.deepEqual(numbers([...uplink.messages, ...next.uplink.messages]), [1, 2]);
});

test('D10: a message has an id from its acceptance, its own or that of the spool, and the same in each delivery', async () => {
  const path = folder();
  const first = await spoolFlight({ path }, silent);
  await first.ask(message(1));
  await first.ask({ ...message(2), id: 'mine' });
  await until(() => first.uplink.messages.length === 2);
  await first.flight.land();
  const second = await spoolFlight({ path });
  await until(() => second.uplink.messages.length === 2);
  const ids = [first, second].map(({ uplink }) => uplink.messages.map(({ id }) => id));
  assert.deepEqual(ids[0], ids[1]);
  assert.match(ids[0]?.[0] ?? '', /^[\w-]{12}-1$/);
  assert.equal(ids[0]?.[1], 'mine');
});

test('D11: what the producer cannot deliver for now is sent again, in order, when all that was under way has ended', async () => {
  let tries = 0;
  const { flight, uplink, ask, metrics } = await spoolFlight({ path: folder() }, ({ payload }) => {
    if (Buffer.from(payload).toString() === '2' && tries++ < 2) throw new SputnikError('SERVER_FULL');
  });
  await Promise.all([1, 2, 3].map((n) => ask(message(n))));
  await until(() => uplink.messages.length === 3);
  await flight.clock.advance(100);
  await until(() => uplink.messages.length === 4);
  await flight.clock.advance(200);
  await until(() => metrics()['kept_messages'] === 0);
  // the third was delivered already
  assert.deepEqual(numbers(uplink.messages), [1, 2, 3, 2, 2]);
});

test('D11: it is not sent again while another is under way, which might come before it', async () => {
  const answers: (() => void)[] = [];
  const answer = (): Promise<void> =>
    new Promise((resolve, reject) =>
      answers.push(answers.length === 0 ? () => reject(new SputnikError('CONNECTION_LOST')) : resolve),
    );
  const { flight, uplink, ask, metrics } = await spoolFlight({ path: folder() }, answer);
  await Promise.all([1, 2].map((n) => ask(message(n))));
  await until(() => uplink.messages.length === 2);
  answers[0]?.();
  await until(() => metrics()['under_way_messages'] === 1);
  await flight.clock.advance(60_000);
  // Each is on the disk when the next is asked for: there is time to read what would be sent again.
  for (let n = 3; n < 10; n++) await ask(message(n));
  assert.equal(uplink.messages.length, 2);
  answers[1]?.();
  await until(() => metrics()['under_way_messages'] === 0);
  await flight.clock.advance(100);
  await until(() => uplink.messages.length === 10);
  assert.deepEqual(numbers(uplink.messages), [1, 2, 1, 3, 4, 5, 6, 7, 8, 9]);
});

test('D11: no more than the window is under way to the producer', async () => {
  const answers: (() => void)[] = [];
  const answer = (): Promise<void> => new Promise((resolve) => answers.push(resolve));
  const { uplink, ask, metrics } = await spoolFlight({ path: folder(), window: 8 }, answer);
  await Promise.all(Array.from({ length: 100 }, (_, n) => ask(message(n))));
  let most = 0;
  await until(() => {
    most = Math.max(most, metrics()['under_way_messages'] ?? 0);
    answers.shift()?.();
    return metrics()['kept_messages'] === 0;
  });
  assert.equal(most, 8);
  assert.deepEqual(
    numbers(uplink.messages),
    Array.from({ length: 100 }, (_, n) => n),
  );
});

const refuse = ({ target }: ProduceMessage): void => {
  if (target !== 'dead') throw new Error('no stream takes ü');
};

test('D12: what the server refuses for good goes to the target of dead letters, with reason, time and its own target', async () => {
  const path = folder();
  const { flight, uplink, ask, metrics } = await spoolFlight({ path, deadLetter: 'dead' }, refuse);
  await ask({ ...message(1), headers: { a: 'b' } });
  await until(() => metrics()['kept_messages'] === 0);
  const { target, headers, payload } = uplink.messages[1] ?? assert.fail();
  const { 'Spool-Time': time, ...others } = headers ?? {};
  assert.deepEqual([target, Buffer.from(payload).toString()], ['dead', '1']);
  assert.deepEqual(others, { a: 'b', 'Spool-Reason': 'no stream takes %c3%bc', 'Spool-Target': 'orders' });
  assert.ok(Date.parse(time ?? '') > 0);
  assert.deepEqual([metrics()['dead_letters_total'], metrics()['dead_letters']], [1, 0]);
  assert.ok((await flight.land()).clean);
});

test('D12: without such a target, or where that refuses it, too, it is kept apart, and does not block the rest', async () => {
  const path = folder();
  const bad = ({ target }: ProduceMessage): void => {
    if (target === 'bad') throw new Error('no');
  };
  for (const deadLetter of [undefined, 'bad']) {
    const { flight, ask, metrics } = await spoolFlight({ path, deadLetter }, bad);
    const before = metrics()['dead_letters'] ?? 0;
    await ask(message(1, 'bad'));
    await ask(message(2));
    await until(() => metrics()['kept_messages'] === 0);
    assert.deepEqual([metrics()['delivered_total'], metrics()['dead_letters']], [1, before + 1]);
    await flight.land();
  }
});

test('D13: a landing does not wait for what is on disk, is clean, and says how many messages are kept', async () => {
  const { flight, ask } = await spoolFlight({ path: folder() }, away);
  for (const n of [1, 2, 3]) await ask(message(n));
  assert.ok((await flight.land()).clean);
  const kept = flight.recorder.logs.find(({ event }) => event === 'spoolKept');
  assert.equal(kept?.['messages'], 3);
});

test('D13: with flushAtLandingMs a landing delivers what is kept, within that time', async () => {
  const path = folder();
  const before = await spoolFlight({ path }, away);
  for (let n = 0; n < 500; n++) void before.ask(message(n));
  await until(() => before.metrics()['stored_total'] === 500);
  await before.flight.land();
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const { flight, uplink } = await spoolFlight({ path, flushAtLandingMs: 10_000, window: 1 }, () => gate);
  await until(() => uplink.messages.length === 1);
  const landed = flight.land();
  open();
  assert.ok((await landed).clean);
  assert.equal(uplink.messages.length, 500);
});

test('D13: what others send in the midst of a landing is flushed, too, though it has to be sent again', async () => {
  const late = defineBlock({
    name: 'late',
    needs: { producer: PRODUCER },
    make: (_config, { producer }) => ({
      async onLanding() {
        for (let turns = 0; turns < 20; turns++) await turn();
        await producer.ask(message(2));
      },
    }),
  });
  let tries = 0;
  const answer = ({ payload }: ProduceMessage): void => {
    if (Buffer.from(payload).toString() === '2' && ++tries === 1) away();
  };
  const config = { path: folder(), flushAtLandingMs: 10_000 };
  const { flight, uplink, ask } = await spoolFlight(config, answer, { others: [late], landingMs: 10_000 });
  await ask(message(1));
  await until(() => uplink.messages.length === 1);
  assert.ok((await flight.land()).clean);
  assert.deepEqual(numbers(uplink.messages), [1, 2, 2]);
});

test('D11: the oldest message has its age also from one try to the next', async () => {
  const { uplink, ask, metrics } = await spoolFlight({ path: folder() }, away);
  await ask(message(1));
  await until(() => uplink.messages.length > 0 && metrics()['under_way_messages'] === 0);
  const age = (): number => metrics()['oldest_message_age_seconds'] ?? 0;
  await until(() => age() > 0);
  const before = age();
  await ask(message(2));
  await until(() => metrics()['under_way_messages'] === 0 && age() > before);
});

test('D14: folder and files are for their user only, and a folder that everybody can write to is refused', async () => {
  const path = join(folder(), 'spool');
  const { flight, ask } = await spoolFlight({ path }, away);
  await ask(message(1));
  const modes = async (at: string): Promise<number> => (await stat(at)).mode & 0o777;
  assert.equal(await modes(path), 0o700);
  for (const name of await readdir(path)) assert.equal((await modes(join(path, name))) & 0o077, 0, name);
  await flight.land();
  await chmod(path, 0o777);
  await assert.rejects(spoolFlight({ path }), /everybody can write to .*chmod o-w/);
  await mkdir(join(path, 'x'));
});

test('D8: a second satellite is refused a folder that is in use, and gets it when the first has landed', async () => {
  const path = folder();
  const { flight } = await spoolFlight({ path });
  await assert.rejects(spoolFlight({ path }), /another satellite keeps its messages in/);
  await flight.land();
  await spoolFlight({ path });
});

/** Just under a megabyte is full. */
const SMALL = { maxBytes: 1_048_576 };
const large = (n: number): ProduceMessage => ({ target: 'orders', payload: `${n}`.padEnd(100_000) });

test('D7: when the spool is full, those that cannot wait are refused, and others wait in turn until there is room', async () => {
  let isAway = true;
  const answer = (): void => {
    if (isAway) throw new SputnikError('CONNECTION_LOST');
  };
  const { flight, uplink, ask, metrics } = await spoolFlight({ path: folder(), ...SMALL }, answer);
  for (let n = 0; n < 10; n++) await ask(large(n));
  const refused = ask({ ...large(10), whenFull: 'reject' });
  await assert.rejects(refused, ({ cause }: SputnikError) => (cause as SputnikError).code === 'SERVER_FULL');
  const waiting = [11, 12, 13].map((n) => ask(large(n)));
  await until(() => metrics()['waiting_messages'] === 3);
  // nor does a small one overtake
  await assert.rejects(ask({ ...message(14), whenFull: 'reject' }));
  isAway = false;
  await flight.clock.advance(10_000);
  await Promise.all(waiting);
  await until(() => metrics()['kept_messages'] === 0);
  assert.deepEqual(numbers(uplink.messages.slice(1)), [...Array(10).keys(), 11, 12, 13]);
});

test('D7: with drop-oldest the oldest messages make room, and are counted as lost', async () => {
  const { flight, ask, metrics } = await spoolFlight({ path: folder(), ...SMALL, whenFull: 'drop-oldest' }, away);
  for (let n = 0; n < 30; n++) await ask({ ...large(n), ...(n % 2 && { whenFull: 'reject' as const }) });
  const { kept_messages: kept = 0, dropped_total: dropped = 0, kept_bytes: bytes = 0 } = metrics();
  assert.equal(kept + dropped, 30);
  assert.ok(dropped >= 20 && bytes <= SMALL.maxBytes, `${dropped} dropped`);
  const loss = flight.metrics().flatMap((all) => all.metrics.filter(({ name }) => name === 'dropped_total'));
  assert.deepEqual(
    loss.map(({ type }) => type),
    ['loss'],
  );
});

test('D7: a message that is too old when its turn comes is dropped, and counted as lost', async (t) => {
  const path = folder();
  const before = await spoolFlight({ path }, away);
  await before.ask(message(1));
  await before.flight.land();
  const { uplink, ask, metrics } = await spoolFlight({ path, maxAgeMs: 1 });
  await until(() => metrics()['expired_total'] === 1);
  assert.equal(metrics()['kept_messages'], 0);
  assert.deepEqual(uplink.messages, []);
  t.mock.method(Date, 'now', () => 0);
  await ask(message(2));
  await until(() => uplink.messages.length === 1);
});

test('D7: a message that never finds room is refused for good, and so is what is no message', async () => {
  const { ask } = await spoolFlight({ path: folder(), ...SMALL });
  const bad: readonly [object, RegExp][] = [
    [{ target: 't', payload: 'x'.repeat(600_000) }, /half of "maxBytes" is 524288/],
    [{ target: 'x'.repeat(70_000), payload: '' }, /its target has 70000 bytes/],
    [{ target: '', payload: '' }, /needs a target/],
    [{ target: 't', payload: 1 }, /needs a payload/],
  ];
  for (const [one, text] of bad)
    await assert.rejects(ask(one as ProduceMessage), ({ cause }: SputnikError) => text.test(String(cause)));
});
