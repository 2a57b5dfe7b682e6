import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsServer, type RealServer, type Scope } from '@sputnikjs/testkit/servers';
import { Cli, folder } from './helpers.js';

/** Blocks for satellites that run in processes of their own. */
const BLOCKS = `
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { defineBlock } from '@sputnikjs/core';
import { z } from 'zod';

const File = z.object({ file: z.string() });
const Source = z.object({ file: z.string(), count: z.number(), how: z.enum(['post', 'ask', 'send']), to: z.string() });

/** Writes what it gets to a file, a line each. */
export const store = defineBlock({
  name: 'store',
  config: File.extend({ slowMs: z.number().default(0) }),
  make: ({ file, slowMs }) => {
    const out = openSync(file, 'a');
    return {
      mailbox: { capacity: 4096 },
      async onMsg(msg, from) {
        if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
        writeSync(out, from.descriptor.responsibility + ' ' + msg.n + ' ' + msg.by + '\\n');
        return 'stored ' + msg.n;
      },
    };
  },
});

/** Hands on, and answers with what the store has answered. */
export const relay = defineBlock({
  name: 'relay',
  needs: { store: 'store' },
  make: (_config, { store }, { signal, clock }) => ({
    mailbox: { concurrency: 64 },
    async onMsg(msg) {
      for (;;) {
        try {
          return await store.ask(msg);
        } catch (error) {
          if (signal.aborted || error.code !== 'ASK_UNREACHABLE') throw error;
          await clock.sleep(50, signal);
        }
      }
    },
  }),
});

/** Says what becomes of a question, and of as many messages as are taken. */
export const prober = defineBlock({
  name: 'prober',
  make: (_config, _to, { log, clock }) => ({
    async run(self) {
      const store = self.communicator('store');
      const begun = clock.now();
      const asked = await store.ask({ n: 0 }).catch((error) => error.code);
      const tookMs = clock.now() - begun;
      let sent = 0;
      while (sent < 10_000 && store.send({ n: sent })) sent++;
      log.info({ event: 'probed', asked, tookMs, sent, refused: !store.send({ n: sent }) }, 'probed');
    },
  }),
});

/** Sends numbers, and keeps in a file up to which all have been taken. */
export const source = defineBlock({
  name: 'source',
  config: Source,
  make: ({ file, count, how, to }, _to, { log }) => ({
    async run(self, { landing, clock }) {
      const receiver = self.communicator(to);
      let next = Number(readFileSync(file, 'utf8'));
      const open = new Set();
      const note = () => writeFileSync(file, String(open.size === 0 ? next : Math.min(...open)));
      const one = async (n) => {
        for (;;) {
          try {
            if (how === 'ask') await receiver.ask({ n, by: process.pid }, { timeoutMs: Infinity });
            else if (how === 'post' && !(await receiver.post({ n, by: process.pid }))) return;
            else if (how === 'send' && !receiver.send({ n })) throw Object.assign(new Error('full'), { code: 'ASK_UNREACHABLE' });
            break;
          } catch (error) {
            // nobody has it, or its answer is lost: it is asked again
            if (landing.aborted || !['ASK_UNREACHABLE', 'ASK_ENDED'].includes(error.code)) throw error;
            await clock.sleep(20, landing);
          }
        }
        open.delete(n);
      };
      while (next < count && !landing.aborted) {
        const n = next++;
        open.add(n);
        const sent = one(n);
        // the first goes alone: the others find somebody
        if (how !== 'ask' || n === 0 || open.size >= 256) await sent;
        if (n % 64 === 0) note();
      }
      while (open.size > 0 && !landing.aborted) await clock.sleep(20, landing);
      note();
      log.info({ event: 'sourceDone' }, 'the source has sent all');
    },
  }),
});
`;

/** A satellite inside another: a folder of its own. */
export interface Inner {
  readonly name: string;
  readonly block: string;
  readonly conf?: object;
  readonly place?: string;
}

/** Several processes of one satellite, joined by a real NATS server. */
export class Constellation {
  readonly cf: string;
  readonly nats: RealServer;
  readonly #running = new Map<string, Cli>();

  private constructor(cf: string, nats: RealServer) {
    this.cf = cf;
    this.nats = nats;
  }

  /** The outermost satellite has a block \`store\`; the others are inside it. */
  static async of(
    scope: Scope,
    inner: readonly Inner[],
    { slowMs = 0, heartbeatMs = 1_000 } = {},
  ): Promise<Constellation> {
    const nats = await natsServer(scope);
    await nats.start();
    const cf = await folder({ 'blocks.mjs': BLOCKS, 'sputnik.json': { name: 'demo', timeouts: { heartbeatMs } } });
    const one = new Constellation(cf, nats);
    await one.write('join.json', { module: '@sputnikjs/connector-nats', url: nats.url, jetstream: false });
    await one.write('store.json', { file: one.path('stored'), slowMs });
    await writeFile(one.path('stored'), '');
    for (const { name, block, conf } of inner) {
      await mkdir(one.path(name));
      await one.write(`${name}/blocks.json`, [{ name: block, module: '../blocks.mjs' }]);
      await one.write(`${name}/sputnik.json`, { timeouts: { heartbeatMs } });
      if (conf) await one.write(`${name}/${block}.json`, conf);
    }
    await one.place(inner);
    return one;
  }

  /** One whose satellite `first` sends this many numbers to a block; others are between them. */
  static async sending(
    scope: Scope,
    what: { readonly count: number; readonly how: 'post' | 'ask'; readonly to: string },
    between: readonly Inner[] = [],
    options: { readonly heartbeatMs?: number } = {},
  ): Promise<Constellation> {
    const one = await Constellation.of(scope, [...between, { name: 'first', block: 'source' }], options);
    await writeFile(one.path('progress'), '0');
    await one.write('first/source.json', { file: one.path('progress'), ...what });
    return one;
  }

  /** Says where the satellites inside fly. */
  async place(inner: readonly Inner[]): Promise<void> {
    await this.write('blocks.json', [
      { name: 'store', module: './blocks.mjs' },
      ...inner.map(({ name, place = 'process' }) => ({ satellite: name, place })),
    ]);
  }

  path(name: string): string {
    return join(this.cf, name);
  }

  async write(name: string, content: object): Promise<void> {
    await writeFile(this.path(name), JSON.stringify(content));
  }

  /** Starts a process with this satellite; \`''\` is the outermost. */
  run(satellite: string, env: Readonly<Record<string, string>> = {}): Cli {
    const run = new Cli(['run', '--cf', this.cf, ...(satellite === '' ? [] : ['--satellite', satellite])], env);
    this.#running.set(satellite, run);
    return run;
  }

  /** Ends the process with this satellite as SIGKILL does, and starts it again. */
  async killAndRun(satellite: string): Promise<Cli> {
    const run = this.#running.get(satellite);
    assert.ok(run, `nobody runs ${satellite}`);
    run.child.kill('SIGKILL');
    await run.end();
    return this.run(satellite);
  }

  /** Variables with which a process has another version, and perhaps another format. */
  async as(version: string, format?: string): Promise<Readonly<Record<string, string>>> {
    const file = this.path(`as-${version}.mjs`);
    await writeFile(file, otherModules({ version, format }));
    return { NODE_OPTIONS: `--import ${file}` };
  }

  /** The numbers that the store has written, in order. */
  numbers(): readonly number[] {
    return this.stored().map(([, n]) => n);
  }

  /** What the store has written, in order: who sent it, and its number. */
  stored(): readonly (readonly [from: string, n: number])[] {
    const file = this.path('stored');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    return lines.map((line) => {
      const [from = '', n] = line.split(' ');
      return [from, Number(n)] as const;
    });
  }
}

/** A program that gives these constants of the sidecar other values. */
function otherModules({ version, format }: { readonly version: string; readonly format: string | undefined }): string {
  const constants = { VERSION: version, ...(format && { FORMAT: format }) };
  const hooks = `export async function load(url, context, next) {
    const loaded = await next(url, context);
    if (!/sidecar\\/dist\\/(own-files|process\\/format)\\.js$/.test(url)) return loaded;
    const written = Object.entries(${JSON.stringify(constants)}).reduce(
      (source, [name, value]) => source.replace(new RegExp('export const ' + name + ' = .*'), 'export const ' + name + ' = ' + JSON.stringify(value) + ';'),
      String(loaded.source),
    );
    return { ...loaded, source: written };
  }`;
  const location = `data:text/javascript,${encodeURIComponent(hooks)}`;
  return `import { register } from 'node:module';\nregister(${JSON.stringify(location)});\n`;
}

/** Numbers without those that came before. */
export function firsts(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)];
}

export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);
