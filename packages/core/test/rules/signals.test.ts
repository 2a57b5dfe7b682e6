import assert from 'node:assert/strict';
import { test } from 'node:test';
import { never } from '@sputnikjs/testkit';
import { TestFlight } from '../support/test-flight.js';

const listening = (): [number, number] => [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')];

test('L6: from prepare on the default finisher has one listener a signal, whose name is the reason to land', async () => {
  const before = listening();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const t = new TestFlight({ finisher: undefined });
    await t.prepare({});
    assert.deepEqual(
      listening(),
      before.map((count) => count + 1),
    );
    // As Node does when the signal comes; those of the process are for the tests in which processes end.
    process.emit(signal, signal);
    const { cause } = await t.flight.landed;
    assert.deepEqual([cause.kind, cause.reason], ['signal', signal]);
    assert.deepEqual(listening(), before);
  }
});

test('L6: SIGINT is given back to Node shortly after landing began, SIGTERM when the landing ends', async () => {
  const [sigterm, sigint] = listening();
  const t = new TestFlight({ finisher: undefined });
  await t.fly({ a: { onLanding: () => never } });
  const landing = t.land();
  await t.clock.advance(299);
  assert.deepEqual(listening(), [sigterm + 1, sigint + 1], 'a Ctrl-C that a wrapper passes on as well is one');
  await t.clock.advance(1);
  assert.deepEqual(listening(), [sigterm + 1, sigint], 'the next ends the process');
  await t.clock.advance(25_000);
  await landing;
  assert.deepEqual(listening(), [sigterm, sigint]);
});

test('L6: a landing that ends at once leaves neither listener nor timer of the finisher', async () => {
  const before = listening();
  const t = new TestFlight({ finisher: undefined });
  await t.fly({});
  await t.land();
  assert.deepEqual(listening(), before);
  assert.equal(t.clock.pending, 0);
});
