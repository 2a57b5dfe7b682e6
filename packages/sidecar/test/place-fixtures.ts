import { folder } from './helpers.js';

/** Blocks for satellites inside others, as a module: so they can fly in a thread, too. What they do they tell the block `record` outside. */
export const BLOCKS = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { defineBlock, SputnikError } from '@sputnikjs/core';
import { z } from 'zod';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const told = (make) => (config, to, ctx) => make(config, to, ctx);

export const quiet = defineBlock({ name: 'quiet', make: () => ({}) });

/** Tells what it gets, sends back a pong for a ping, and answers with its own address. */
export const note = defineBlock({
  name: 'note',
  make: (_config, _to, { descriptor }) => {
    let self;
    return {
      run: (own) => void (self = own),
      async onMsg(msg, from) {
        await self.communicator('record').post({ text: descriptor.responsibility + ' ' + msg.text + ' of ' + from.descriptor.responsibility });
        if (msg.text === 'ping') from.send({ text: 'pong' });
        return descriptor.responsibility;
      },
    };
  },
});

/** Asks the block that its configuration names, and tells what it gets. */
export const sender = defineBlock({
  name: 'sender',
  config: z.object({ to: z.string() }),
  make: ({ to }, _to, { descriptor }) => {
    let self;
    const tell = (text) => self.communicator('record').post({ text: descriptor.responsibility + ' ' + text });
    return {
      async run(own) {
        self = own;
        await tell('asked ' + (await own.communicator(to).ask({ text: 'ping' })));
      },
      onMsg: (msg, from) => tell(msg.text + ' of ' + from.descriptor.responsibility),
    };
  },
});

/** Hands on to the store outside, a turn later. */
export const relay = defineBlock({
  name: 'relay',
  make: () => {
    let self;
    return {
      run: (own) => void (self = own),
      async onMsg(msg) {
        await turn();
        await self.communicator('store').post(msg);
      },
    };
  },
});

/** Has a message of its own; half a second after a landing has begun it sends that to the store outside. */
export const late = defineBlock({
  name: 'late',
  make: (_config, _to, { landing }) => {
    let self;
    return {
      run: (own) => void (self = own).send({ n: 1 }),
      async onMsg(msg) {
        if (!landing.aborted) await new Promise((resolve) => landing.addEventListener('abort', resolve));
        await new Promise((resolve) => setTimeout(resolve, 500));
        await self.communicator('store').post(msg);
      },
    };
  },
});

/** Three thousand messages to the store outside, more than are under way at once, as soon as a landing begins. */
export const blaster = defineBlock({
  name: 'blaster',
  make: () => {
    let self;
    return {
      run: (own) => void (self = own),
      onMsg: () => undefined,
      async onLanding() {
        for (let n = 0; n < 3000; n++) await self.communicator('store').post({ n: 'in ' + n });
      },
    };
  },
});

export const lander = defineBlock({ name: 'lander', make: (_config, _to, { land }) => ({ run: () => land('done') }) });

const Count = z.object({ file: z.string(), fails: z.number().default(0) });

/** Each that is initialised writes to the file: returns how many there have been. */
const oneMore = (file) => (appendFileSync(file, '.'), readFileSync(file, 'utf8').length);

/** The first of them fail in run. */
export const fails = defineBlock({
  name: 'fails',
  config: Count,
  make: ({ file, fails }) => {
    let own = 0;
    return {
      init: () => void (own = oneMore(file)),
      run() {
        if (own <= fails) throw new Error('boom ' + own);
      },
      onMsg: () => 'answer ' + own,
    };
  },
});

export const initfails = defineBlock({
  name: 'initfails',
  make: () => ({ init: () => Promise.reject(Object.assign(new Error('boom'), { code: 'EBOOM' })) }),
});

/** Does what a message says, and tells which of them it is. */
export const obeys = defineBlock({
  name: 'obeys',
  config: Count,
  make: ({ file }, _to, { log }) => {
    let [own, self] = [0];
    const kept = [];
    return {
      init: () => void (own = oneMore(file)),
      run: (me) => void (self = me),
      async onMsg(msg) {
        // once: the next one does not do it again
        if (String(msg.n).endsWith(' once') && own > 1) return own;
        const [word] = String(msg.n).split(' ');
        if (msg.n === 'fail') throw new Error('boom');
        if (word === 'exit') process.exit(3);
        if (word === 'loop') for (;;);
        if (word === 'heap') for (;;) kept.push(new Array(1000).fill(kept.length));
        if (msg.n === 'refuse')
          throw new SputnikError('SERVER_REFUSED', 'no such stream', { cause: Object.assign(new Error('503'), { code: 'E503', status: 503 }) });
        if (msg.n === 'spin') {
          await self.communicator('record').post({ text: 'spins' });
          for (let i = 0; i < 10; i++) await turn();
          while (!existsSync(msg.until));
        }
        if (msg.n === 'back') return { same: msg.bytes, buffer: Buffer.isBuffer(msg.bytes) };
        if (msg.n === 'log') for (let i = 0; i < 1500; i++) log.info({ event: 'line', i }, 'a line');
        if (msg.n === 'function') return { inner: { done: () => {} } };
        await self.communicator('record').ask({ text: own + ' ' + msg.n });
        if (word === 'throw') setImmediate(() => { throw new TypeError('a bug'); });
        return own;
      },
    };
  },
});

/** Counts what it handles, on disk; every so often it ends its thread in the midst of a batch. */
export const keeper = defineBlock({
  name: 'keeper',
  config: z.object({ file: z.string(), exitAt: z.array(z.number()) }),
  make: ({ file, exitAt }) => ({
    mailbox: { concurrency: 1 },
    onMsg({ n }) {
      const again = existsSync(file) && readFileSync(file, 'utf8').split('\\n').includes(String(n));
      appendFileSync(file, n + '\\n');
      if (!again && exitAt.includes(n)) process.exit(1);
    },
  }),
});

/** Handles nothing until there is a file. */
export const waits = defineBlock({
  name: 'waits',
  config: z.object({ file: z.string(), whenFull: z.enum(['reject', 'drop-oldest']).default('reject') }),
  make: ({ file, whenFull }) => {
    let self;
    return {
      mailbox: { capacity: 3, whenFull },
      run: (own) => void (self = own),
      async onMsg({ n }) {
        while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
        await self.communicator('record').post({ text: n });
      },
    };
  },
});

export const hears = defineBlock({
  name: 'hears',
  make: () => {
    let self;
    const tell = (text) => self.communicator('record').post({ text });
    return {
      run: (own) => void (self = own),
      onServerConnect: (connection) => tell('has ' + connection),
      onServerDisconnect: () => tell('has none'),
    };
  },
});

export const logs = defineBlock({
  name: 'logs',
  make: (_config, _to, { log }) => ({ run: () => log.warn({ event: 'odd', error: new Error('why') }, 'something odd') }),
});
`;

/** A server connector that is called what its configuration says. */
export const SERVER = `
import { defineConnector } from '@sputnikjs/messaging';
import { z } from 'zod';
export const connector = defineConnector({
  name: 'own',
  config: z.strictObject({ called: z.string() }),
  make: ({ called }) => ({ connect: () => called, isConnected: () => true, disconnect() {} }),
});
`;

/** A folder of a satellite with these blocks of ours. */
export async function satellite(
  blocks: readonly (string | object)[],
  files: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const list = blocks.map((block) => (typeof block === 'string' ? { name: block } : block));
  const entries = list.map((block) => ('satellite' in block ? block : { ...block, module: './blocks.mjs' }));
  return await folder({ 'blocks.json': entries, 'blocks.mjs': BLOCKS, ...files });
}
