// What a message costs that goes to a nested satellite, here and in a thread: `node bench/dist/threads.js`. Both in turns, five rounds. Messages
// of a number and a short text; a burst is what is sent in one turn of the event loop.
import { fileURLToPath } from 'node:url';
import { defineBlock, type BlockCommunicator } from '@sputnikjs/core';
import { startRunner } from '@sputnikjs/sidecar';
import { median } from './measure.js';

const BURST = 256;
const MESSAGES = process.argv.includes('--quick') ? 2_000 : 200_000;
const ROUNDS = process.argv.includes('--quick') ? 1 : 5;
/** One by one each waits for two threads. */
const ONE_BY_ONE = MESSAGES / 50;

const PLACES = ['here', 'thread'] as const;
const NAMES = ['one', 'many'] as const;
type Work = (to: BlockCommunicator, count: number) => Promise<unknown>;

const message = (n: number): { readonly n: number; readonly text: string } => ({ n, text: 'a message' });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** In bursts, and no faster than there is room; waits until all are handled. */
async function send(to: BlockCommunicator, count: number): Promise<void> {
  for (let n = 0; n < count; n += BURST) {
    for (let i = 0; i < BURST; i++) if (!to.send(message(n + i))) await to.post(message(n + i));
    await turn();
  }
  await to.ask(message(count));
}

async function postEach(to: BlockCommunicator, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await to.post(message(n));
  await to.ask(message(count));
}

async function askMany(to: BlockCommunicator, count: number): Promise<void> {
  for (let n = 0; n < count; n += BURST)
    await Promise.all(Array.from({ length: BURST }, (_, i) => to.ask(message(n + i))));
}

async function askEach(to: BlockCommunicator, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await to.ask(message(n));
}

const WAYS: readonly (readonly [title: string, work: Work, count: number])[] = [
  ['send, in bursts of 256', send, MESSAGES],
  ['post, one after the other', postEach, MESSAGES],
  ['ask, 256 at once', askMany, MESSAGES],
  ['ask, one after the other', askEach, ONE_BY_ONE],
];

let self: BlockCommunicator | undefined;
const source = defineBlock({ name: 'source', make: () => ({ run: (own) => void (self = own) }) });
const module = fileURLToPath(new URL('./threads-fixture.js', import.meta.url));
const blocks = NAMES.map((name) => ({ name, module }));
const satellites = PLACES.map((place) => ({ satellite: { name: place, blocks }, place }));
const runner = await startRunner({ blocks: [...satellites, { name: 'source' }], blockFactories: { source } });

/** Messages a millisecond, and microseconds of processor time a message, of all threads. */
async function sample(address: string, work: Work, count: number): Promise<readonly [rate: number, cost: number]> {
  const to = self?.communicator(address);
  if (to === undefined) throw new Error(`there is no ${address}`);
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work(to, count);
  const { user, system } = process.cpuUsage(before);
  return [count / (performance.now() - start), (user + system) / count];
}

console.log(`| block handles | way | ${PLACES.map((place) => `${place}: k/s | µs of CPU`).join(' | ')} |`);
console.log(`| --- | --- | ${PLACES.map(() => '--- | ---').join(' | ')} |`);
for (const name of NAMES)
  for (const [title, work, count] of WAYS) {
    const found = PLACES.map((): (readonly [number, number])[] => []);
    // the first round is for the compiler
    for (let round = 0; round <= ROUNDS; round++)
      for (const [at, place] of PLACES.entries()) {
        const one = await sample(`${place}/${name}`, work, count);
        if (round > 0) found[at]?.push(one);
      }
    const cells = found.map((all) => {
      const [rate, cost] = [median(all.map(([first]) => first)), median(all.map(([, second]) => second))];
      return `${rate.toFixed(rate < 10 ? 1 : 0)} | ${cost.toFixed(2)}`;
    });
    console.log(`| ${name} | ${title} | ${cells.join(' | ')} |`);
  }
await runner.stop();
