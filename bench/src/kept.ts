import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineBlock, Sputnik, SputnikError, type BlockDefinition, type Flight } from '@sputnikjs/core';
import { PRODUCER } from '@sputnikjs/messaging';
import { spool } from '@sputnikjs/spool';
import { median } from './measure.js';
import { millis, spreadOf, type Row } from './table.js';

const PAYLOAD = Buffer.from('x'.repeat(200));

/** A server that is away. */
const uplink = defineBlock({
  name: 'uplink',
  make: () => ({
    onMsg() {
      throw new SputnikError('CONNECTION_LOST');
    },
  }),
});

/** Starts a spool that keeps so many messages, beside one that keeps none. */
export async function measureKept(messages: number, rounds: number): Promise<Row> {
  const [full, empty] = await Promise.all([folder(), folder()]);
  try {
    await keep(full, messages);
    const found: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++)
      for (const [place, path] of [full, empty].entries()) found[place]?.push(await startMs(path));
    return {
      title: `start with ${messages.toLocaleString('en')} messages kept, in ms`,
      ours: millis(median(found[0])),
      baseline: millis(median(found[1])),
      figure: spreadOf(found[0]),
      budget: { is: 'at most', bound: 1_000 },
    };
  } finally {
    await Promise.all([full, empty].map((path) => rm(path, { recursive: true, force: true })));
  }
}

function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sputnik-bench-'));
}

/** Resolves when it is initialised. */
function prepare(path: string, source?: BlockDefinition): Promise<Flight> {
  const names = ['uplink', 'spool', ...(source === undefined ? [] : ['source'])];
  return new Sputnik({
    appBlocks: names.map((name) => (name === 'spool' ? { name, needs: { producer: 'uplink' } } : { name })),
    blockFactories: { uplink, spool, ...(source && { source }) },
    config: (name) => (name === PRODUCER ? { path } : {}),
  }).prepare();
}

async function keep(path: string, messages: number): Promise<void> {
  const source = defineBlock({
    name: 'source',
    needs: { producer: PRODUCER },
    make: (_config, { producer }, { land }) => ({
      async run() {
        const message = { target: 'kept', payload: PAYLOAD };
        for (let count = 0; count < messages; count++) if (!producer.send(message)) await producer.post(message);
        land();
      },
    }),
  });
  await (await prepare(path, source)).launch();
}

async function startMs(path: string): Promise<number> {
  const since = performance.now();
  const flight = await prepare(path);
  const took = performance.now() - since;
  await flight.shootDown();
  return took;
}
