import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import { connectorConformance, DummyConnector, echoBlock, blockConformance, testFlight } from '@sputnikjs/testkit';

test('an echo block keeps what it is sent, gives it out in order, and answers with it', async () => {
  const echo = echoBlock();
  const flight = await testFlight({ blocks: { echo } });
  const early = echo.next();
  const message = { n: 1 };
  assert.equal(await flight.to('echo').ask(message), message);
  flight.to('echo').send({ n: 2 });
  flight.to('echo').send({ n: 3 });
  assert.deepEqual(await Promise.all([early, echo.next(), echo.next()]), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual(echo.messages, [{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('an echo block that is told to fail fails the asker, and the flight goes on', async () => {
  const flight = await testFlight({
    blocks: {
      refusing: echoBlock(() => {
        throw new Error('refused');
      }),
    },
  });
  await assert.rejects(flight.to('refusing').ask({}), (error: SputnikError) => error.code === 'ASK_FAILED');
  flight.to('refusing').send({});
  await flight.clock.advance(0);
  assert.ok(flight.recorder.lines.includes('refusing.onMsg failed: refused'));
  assert.equal(flight.status().state, 'flying');
});

blockConformance('echo', {
  block: echoBlock(),
  work: async (flight) => void (await flight.to('echo').ask({ n: 1 })),
});

const dummies = new Set<DummyConnector>();
let isThere = false;
const setAll = (connected: boolean): void => {
  isThere = connected;
  for (const dummy of dummies) dummy.setState(connected);
};

connectorConformance('dummy', {
  make() {
    const dummy = new DummyConnector();
    dummy.setState(isThere);
    dummies.add(dummy);
    return dummy;
  },
  server: { start: async () => setAll(true), stop: async () => setAll(false) },
});
