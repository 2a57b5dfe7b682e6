import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { defineBlock, type Block, type BlockCommunicator, type BlockContext } from '@sputnikjs/core';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';
import { blockChecks, type BlockSubject } from '../dist/block-checks.js';

type Acts = (to: BlockCommunicator, ctx: BlockContext) => Partial<Block<string>>;

function subject(acts: Acts): BlockSubject {
  const block = defineBlock<undefined, { echo: string }, string>({
    name: 'block',
    needs: { echo: 'echo' },
    make: (_config, { echo }, ctx) => acts(echo, ctx),
  });
  const trial = {
    responsibility: 'block',
    block,
    neighbours: { echo: echoBlock() },
    connection: 'one',
    timeouts: { landingMs: 300 },
    work: (flight: TestFlight) => void flight.to('block').send({}),
  };
  return trial as unknown as BlockSubject;
}

blockConformance('good', {
  block: defineBlock<undefined, { echo: string }, string>({
    name: 'good',
    needs: { echo: 'echo' },
    make: (_config, { echo }, { clock, signal }) => {
      const server = createServer();
      return {
        init: () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
        async run() {
          for await (const _ of clock.every(1_000, signal)) echo.send({});
        },
        onServerConnect() {},
        onMsg: (msg) => echo.ask(msg),
        finish: () => new Promise<void>((resolve) => server.close(() => resolve())),
      };
    },
  }),
  neighbours: { echo: echoBlock() },
  connection: 'one',
  async work({ clock }) {
    await clock.advance(3_000);
  },
});

/** An interval of real time that ends with the test. */
function interval(): NodeJS.Timeout {
  const timer = setInterval(() => {}, 1_000);
  after(() => clearInterval(timer));
  return timer;
}

const listen = (): void => {
  process.on('SIGUSR2', listen);
  after(() => process.off('SIGUSR2', listen));
};

let isUsed = false;

/** What breaks which rule, and what is said of it. */
const bad: Readonly<Record<string, readonly [Acts, keyof typeof blockChecks, RegExp]>> = {
  'leaves an interval of real time': [
    () => ({ run: () => void interval() }),
    'leavesNothing',
    /^block left behind: Timeout/,
  ],
  'leaves a listener of a signal': [() => ({ run: listen }), 'leavesNothing', /left behind: .*process.on\('SIGUSR2'\)/],
  'leaves a port open': [
    () => ({
      run() {
        const server = createServer().listen(0, '127.0.0.1');
        after(() => server.close());
      },
    }),
    'leavesNothing',
    /left behind: TCPServerWrap/,
  ],
  "leaves a timer of the flight's clock": [
    (_, { clock }) => ({ run: () => void clock.after(5_000, () => {}) }),
    'leavesNothing',
    /^block left 1 timers of ctx.clock/,
  ],
  'cleans up only what was launched': [
    () => {
      let timer: NodeJS.Timeout;
      return {
        init: () => void (timer = interval()),
        finish: (init) => {
          if (!init) clearInterval(timer);
        },
      };
    },
    'survivesInitFailure',
    /left behind: Timeout/,
  ],
  'expects to have been launched': [
    () => {
      let server: ReturnType<typeof createServer> | undefined;
      return {
        run: () => void (server = createServer()),
        finish(init) {
          if (init) (server as NonNullable<typeof server>).close();
        },
      };
    },
    'landsBeforeLaunch',
    /^block.finish failed/,
  ],
  'hangs in finish': [() => ({ finish: () => new Promise(() => {}) }), 'finishesInTime', /did not end .*: finish$/],
  'hangs in run': [
    () => ({ run: () => new Promise(() => {}) }),
    'finishesInTime',
    /did not end before its deadline: run$/,
  ],
  'fails in finish': [
    () => ({
      finish() {
        throw new Error('a bug');
      },
    }),
    'finishesInTime',
    /^block.finish failed/,
  ],
  'sends after its finish, what it needs': [
    (echo, { clock }) => ({ finish: () => void clock.after(1_000, () => echo.send({})) }),
    'sendsNothingAfterFinish',
    /block sends to echo after its finish/,
  ],
  'posts after its finish, by its own communicator': [
    (_, { clock }) => ({
      run: (self) => void clock.after(1_000, () => void self.communicator('echo')?.post({})),
    }),
    'sendsNothingAfterFinish',
    /block sends to echo after its finish/,
  ],
  'answers after its finish': [
    (_, { clock }) => ({ onMsg: (_msg, from) => void clock.after(1_000, () => from.send({})) }),
    'sendsNothingAfterFinish',
    /block sends to test after its finish/,
  ],
  'answers a message of a batch after its finish': [
    (_, { clock }) => ({
      onMsgs: (batch) => batch.forEach(({ from }) => void clock.after(1_000, () => from.send({}))),
    }),
    'sendsNothingAfterFinish',
    /block sends to test after its finish/,
  ],
  'fails a batch': [
    () => ({ onMsgs: (batch) => batch[0]?.fail(new Error('a bug')), onError: () => 'continue' }),
    'finishesInTime',
    /^block.onMsgs failed/,
  ],
  'survives one connection only': [
    () => {
      let connects = 0;
      return { onServerConnect: () => assert.ok(++connects < 2, 'again?') };
    },
    'survivesOutages',
    /^block.onServerConnect failed/,
  ],
  'hangs when it lands without the server': [
    (_, { landing }) => {
      let isConnected = false;
      return {
        onServerConnect: () => void (isConnected = true),
        onServerDisconnect: () => void (isConnected = false),
        run: () => new Promise<void>((resolve) => landing.addEventListener('abort', () => isConnected && resolve())),
      };
    },
    'survivesOutages',
    /did not end before its deadline: run$/,
  ],
  'can be used once': [
    () => ({
      init() {
        assert.ok(!isUsed, 'used up');
        isUsed = true;
      },
    }),
    'fliesAgain',
    /used up/,
  ],
};

for (const [what, [acts, name, pattern]] of Object.entries(bad)) {
  const { rule, run } = blockChecks[name];
  test(`a block that ${what} breaks the rule: ${rule}`, async () => {
    await assert.rejects(
      run(subject(acts), () => {}),
      (error: Error) => {
        assert.match(error.message, pattern);
        return true;
      },
    );
  });
}

test('a block whose own init fails is not taken for one that survives that of a neighbour', async () => {
  const failing = subject(() => ({ init: () => assert.fail('no') }));
  const { run } = blockChecks.survivesInitFailure;
  await assert.rejects(
    run(failing, () => {}),
    /block block, init: no/,
  );
});

test('a trial without a connection skips the outage, and says why', () => {
  const { connection: _, ...trial } = subject(() => ({}));
  assert.equal(blockChecks.survivesOutages.skip?.(trial), 'it flies without a server');
});
