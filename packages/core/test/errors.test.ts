import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confFactory, ERROR_CODES, SputnikError, type BlockCommunicator, type ErrorCode } from '@sputnikjs/core';
import { TestServer, never, turn } from '@sputnikjs/testkit';
import { TestFlight, sputnikError } from './support/test-flight.js';

const boom = new Error('boom');

/** `a`'s handle on `b`, whose only message never ends and whose mailbox is full with another one. */
async function toFull(whenFull?: 'drop-oldest'): Promise<{ t: TestFlight; toB: BlockCommunicator }> {
  const t = new TestFlight({ timeouts: { landingMs: 10 } });
  await t.fly({ a: {}, b: { onMsg: () => never, mailbox: { capacity: 1, whenFull } } });
  const toB = t.self('a').communicator('b');
  assert.ok(toB);
  toB.send({});
  await turn();
  return { t, toB };
}

/** The reason of a rejection, whatever it is. */
const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('it resolved'),
    (error: unknown) => error,
  );

/** For each code a way to come by it: a code that nothing leads to does not compile, or fails. */
const ways: Record<ErrorCode, () => Promise<unknown>> = {
  BAD_SETUP: () => reasonOf(new TestFlight({ appBlocks: [{ name: 'nobody' }] }).prepare({})),
  BAD_CONFIG: () => {
    const schema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [] }) } } as const;
    return reasonOf(confFactory(() => 1)('a', schema));
  },
  INIT_FAILED: () => reasonOf(new TestFlight().prepare({ a: { init: () => Promise.reject(boom) } })),
  ABORTED: () => reasonOf(new TestFlight({ signal: AbortSignal.abort() }).prepare({})),
  ALREADY_LAUNCHED: async () => {
    const t = new TestFlight();
    await t.fly({});
    return reasonOf(t.flight.launch());
  },
  BLOCK_FAILED: async () => {
    const t = new TestFlight();
    await t.fly({ a: { run: () => Promise.reject(boom) } });
    return reasonOf(t.launched);
  },
  TIMEOUT: async () => {
    const t = new TestFlight({ timeouts: { initMs: 10 } });
    const reason = reasonOf(t.prepare({ a: { init: () => never } }));
    await t.clock.advance(10);
    return ((await reason) as Error).cause;
  },
  CONNECTION_LOST: async () => {
    const server = new TestServer();
    const t = new TestFlight({ connector: server });
    await t.fly({});
    server.vanish();
    await t.clock.advance(5_000);
    return t.eventsOf('disconnected')[0]?.reason;
  },
  // no code of the core leads to it: it is for the connectors of servers, and the blocks that produce to them
  SERVER_AWAY: async () => new SputnikError('SERVER_AWAY'),
  SERVER_REFUSED: async () => new SputnikError('SERVER_REFUSED'),
  SERVER_FULL: async () => new SputnikError('SERVER_FULL'),
  CANNOT_RESUME: async () => new SputnikError('CANNOT_RESUME'),
  NOBODY_LISTENS: async () => new SputnikError('NOBODY_LISTENS'),
  // blocks in other processes are the sidecar's
  ASK_UNREACHABLE: async () => new SputnikError('ASK_UNREACHABLE'),
  UNKNOWN_MESSAGE: async () => {
    const t = new TestFlight();
    await t.fly({ a: {} });
    t.self('a').communicator('initiator')?.send({});
    await turn();
    return t.eventsOf('failed')[0]?.error;
  },
  ASK_REFUSED: async () => {
    const { toB } = await toFull();
    toB.send({});
    return reasonOf(toB.ask({}, { whenFull: 'reject' }));
  },
  ASK_DROPPED: async () => {
    const { toB } = await toFull('drop-oldest');
    const reason = reasonOf(toB.ask({}));
    toB.send({});
    return reason;
  },
  ASK_FAILED: async () => {
    const t = new TestFlight();
    await t.fly({ a: { onMsg: () => Promise.reject(boom) } });
    return reasonOf(t.self('a').ask({}));
  },
  ASK_TIMEOUT: async () => {
    const { t, toB } = await toFull();
    const reason = reasonOf(toB.ask({}));
    await t.clock.advance(30_000);
    return reason;
  },
  ASK_ABORTED: async () => {
    const { toB } = await toFull();
    return reasonOf(toB.ask({}, { signal: AbortSignal.abort() }));
  },
  ASK_ENDED: async () => {
    const { t, toB } = await toFull();
    const reason = reasonOf(toB.ask({}));
    void t.land();
    await t.clock.advance(10);
    return reason;
  },
};

for (const [code, way] of Object.entries(ways)) {
  test(`the error code ${code} is reached, and says what it means`, async () => {
    const error = await way();
    sputnikError(error, code as ErrorCode);
    assert.ok((error as Error).message.length > 0);
    assert.equal((error as Error).name, 'SputnikError');
  });
}

test('there is a way to each error code', () => {
  assert.deepEqual(Object.keys(ways).toSorted(), Object.keys(ERROR_CODES).toSorted());
});

test('an error names its block, callback and problems, and keeps its cause', () => {
  const block = { name: 'listener', responsibility: 'special' };
  const error = new SputnikError('INIT_FAILED', 'port in use', { block, callback: 'init', cause: boom });
  assert.equal(error.message, 'block special (listener), init: port in use');
  assert.equal(error.cause, boom);
  assert.deepEqual([error.block, error.callback], [block, 'init']);
  assert.equal(
    new SputnikError('TIMEOUT', undefined, { block }).message,
    `block special (listener): ${ERROR_CODES.TIMEOUT}`,
  );
  assert.equal('cause' in new SputnikError('TIMEOUT'), false);
  const listed = new SputnikError('BAD_SETUP', undefined, { problems: ['one', 'two'] });
  assert.equal(listed.message, `${ERROR_CODES.BAD_SETUP}\n  - one\n  - two`);
});
