// Drives what false servers, and the files of a folder, can say to a satellite, by so many inputs from a seed on:
//   node apps/protocol-adapter/dist-test/fuzz/main.js COUNT SEED [nats nats-core mqtt redis amqp configuration]
// An input that fails is repeated by its own seed, with a count of 1.
import { fuzzConfigurations } from './fuzz-configurations.js';
import { fuzzServers, learn } from './fuzz-servers.js';
import { PROTOCOLS } from './servers.js';

const PORTION = 10_000;

const [count = '1000000', seed = String(Date.now() % 2 ** 31), ...only] = process.argv.slice(2);
const cleanups: (() => unknown)[] = [];
const scope = { after: (cleanup: () => unknown): void => void cleanups.push(cleanup) };
const { log: say, error: complain } = console;
let failures = 0;
// An input fails again by its own seed, and says then where; until then, where costs as much as an input.
if (Number(count) > 1) Error.stackTraceLimit = 0;

const fail = (error: unknown): void => {
  failures++;
  complain(error);
};
process.on('uncaughtException', fail);
// libraries print what a server said, as it came
for (const name of ['log', 'info', 'warn', 'error', 'trace'] as const)
  console[name] = (...what: unknown[]) => fail(new Error(`printed: ${String(what[0]).slice(0, 200)}`));

/** Works in portions, and tells after each how far it is; leaves off at the first failure. */
async function fuzz(name: string, work: (count: number, seed: number) => Promise<string>): Promise<void> {
  if (only.length > 0 && !only.includes(name)) return;
  const [most, first] = [Number(count), Number(seed)];
  const began = performance.now();
  for (let done = 0; done < most;) {
    const portion = Math.min(PORTION, most - done);
    try {
      const what = await work(portion, first + done);
      done += portion;
      const seconds = Math.round((performance.now() - began) / 1000);
      if (failures > 0) return;
      say(`${name}: ${done} inputs from seed ${first} on, ${seconds} s; of the last ${portion} ${what}`);
    } catch (error) {
      return fail(error);
    }
  }
}

for (const protocol of PROTOCOLS) {
  let recording: Awaited<ReturnType<typeof learn>> | undefined;
  await fuzz(protocol.name, async (portion, from) => {
    recording ??= await learn(protocol, scope);
    const { reached, peakMb } = await fuzzServers(protocol, recording, portion, from);
    return `${[...reached].map(([how, times]) => `${times} ${how}`).join(', ')}; ${peakMb} MB at most`;
  });
}
await fuzz('configuration', async (portion, from) => {
  const { right } = await fuzzConfigurations(portion, from, scope);
  return `${right} right`;
});
for (const cleanup of cleanups.toReversed()) await cleanup();
process.exitCode = failures > 0 ? 1 : 0;
