import { createServer } from 'node:net';
import { defineBlock } from '@sputnikjs/core';

/** Blocks that each break a rule, as a module: so they fly in a thread, too. All need a block `echo`. */

export const good = defineBlock({
  name: 'good',
  needs: { echo: 'echo' },
  make: (_config, { echo }) => ({ onMsg: (msg) => echo.ask(msg) }),
});

/** Of the next one; the test clears them. */
export const left: NodeJS.Timeout[] = [];

export const leavesTimer = defineBlock({
  name: 'leavesTimer',
  make: () => ({ run: () => void left.push(setInterval(() => {}, 1_000)) }),
});

export const failsToFinish = defineBlock({
  name: 'failsToFinish',
  make: () => ({
    finish() {
      throw new Error('a bug');
    },
  }),
});

export const hangs = defineBlock({ name: 'hangs', make: () => ({ run: () => new Promise(() => {}) }) });

/** Expects to have been launched. */
export const expectsRun = defineBlock({
  name: 'expectsRun',
  make: () => {
    let server: ReturnType<typeof createServer> | undefined;
    return {
      run: () => void (server = createServer()),
      finish(init) {
        if (init) (server as NonNullable<typeof server>).close();
      },
    };
  },
});

export const sendsLate = defineBlock({
  name: 'sendsLate',
  needs: { echo: 'echo' },
  make: (_config, { echo }) => ({ finish: () => void setImmediate(() => echo.send({})) }),
});

/** Flies only once in a process. */
let flights = 0;
export const fliesOnce = defineBlock({
  name: 'fliesOnce',
  make: () => ({
    init() {
      if (++flights > 1) throw new Error('it is used up');
    },
  }),
});

/** Does not bear that its server goes. */
export const needsServer = defineBlock({
  name: 'needsServer',
  make: () => ({
    onServerDisconnect() {
      throw new Error('it cannot live without');
    },
  }),
});
