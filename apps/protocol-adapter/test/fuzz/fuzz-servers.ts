import { randomFrom } from '@sputnikjs/testkit';
import type { Scope } from '@sputnikjs/testkit/servers';
import { exercise, type Reached } from './exercise.js';
import { mutated } from './mutate.js';
import { recorded, type Recorded } from './recording.js';
import { ReplayServer } from './replay.js';
import type { Protocol } from './servers.js';

/** So many false servers at once: most of the time each waits. */
const AT_ONCE = 128;
/** Whatever a server says, it is over before the process has waited for nothing for so long, or has worked so long, in milliseconds. */
const [MOST_IDLE_MS, MOST_CPU_MS] = [30_000, 60_000];
const LOOK_MS = 1_000;
/** What a process may take whose servers say kilobytes, and announce more, in MB. */
const MOST_MB = 1_500;
/** After so many inputs it is asked how much it takes, which costs as much as some of them. */
const LOOK_EVERY = 16;
const MEBI = 1024 * 1024;

/** What was done. */
export interface Fuzzed {
  readonly inputs: number;
  /** How far the connectors got, and how often. */
  readonly reached: ReadonlyMap<Reached, number>;
  readonly peakMb: number;
}

/** Something went wrong with an input: the same seed brings it about again, with a count of 1. */
export class FuzzFailure extends Error {}

/**
 * Has connectors talk to servers that say what a real one said, with bytes changed: `count` times, the first time by `seed`, and each
 * further time by the next one. Rejects if a connector hangs, takes much memory, or fails in a way that is a fault of its code.
 */
export async function fuzzServers(
  protocol: Protocol,
  recording: readonly Recorded[],
  count: number,
  seed: number,
): Promise<Fuzzed> {
  const reached = new Map<Reached, number>();
  let [next, peakMb] = [0, 0];
  const slot = async (): Promise<void> => {
    const server = new ReplayServer(protocol.ids);
    try {
      while (next < count) {
        const input = seed + next++;
        server.play(changed(recording, randomFrom(input)));
        const how = await inTime(exercise(protocol.client(server.port), protocol.target), protocol, input);
        reached.set(how, (reached.get(how) ?? 0) + 1);
        if (input % LOOK_EVERY === 0) peakMb = Math.max(peakMb, process.memoryUsage.rss() / MEBI);
        if (peakMb > MOST_MB) throw new FuzzFailure(`${protocol.name}, seed ${input}: the process takes ${peakMb} MB`);
      }
    } finally {
      server.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, slot));
  return { inputs: count, reached, peakMb: Math.round(peakMb) };
}

/** What a real server says. Rejects if what is said again does not do as well: nothing could be said of what is changed. */
export async function learn(protocol: Protocol, scope: Scope): Promise<readonly Recorded[]> {
  const { name, server, ids, client, target } = protocol;
  const real = await server(scope);
  await real.start();
  const reached: Reached[] = [];
  const recording = await recorded(real.port, ids, async (port) => {
    reached.push(await exercise(client(port), target));
  });
  const replay = new ReplayServer(ids);
  replay.play(recording);
  reached.push(await exercise(client(replay.port), target));
  replay.close();
  if (reached.some((how) => how !== 'gave them back'))
    throw new FuzzFailure(`${name}: with a real server, and with its words, it ${reached.join()}`);
  return recording;
}

function changed(recording: readonly Recorded[], random: () => number): readonly Recorded[] {
  const place = Math.floor(random() * recording.length);
  return recording.map((one, index) => (index === place ? { ...one, sayings: changedSayings(one, random) } : one));
}

function changedSayings({ sayings }: Recorded, random: () => number): Recorded['sayings'] {
  const place = Math.floor(random() * sayings.length);
  return sayings.flatMap(({ heard, bytes }, index) =>
    index === place
      ? inPieces(mutated(bytes, random), random).map((piece) => ({ heard, bytes: piece }))
      : [{ heard, bytes }],
  );
}

/** As a network might bring it: whole, or in two or three pieces. */
function inPieces(bytes: Buffer, random: () => number): readonly Buffer[] {
  const cuts = Array.from({ length: Math.floor(random() * 3) }, () => Math.floor(random() * bytes.length));
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((to, index) => bytes.subarray(places[index], to));
}

async function inTime<T>(work: Promise<T>, { name }: Protocol, seed: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const began = spent();
  const late = new Promise<never>((_, reject) => {
    const look = (): void => {
      const { idleMs, cpuMs } = spent();
      if (idleMs - began.idleMs > MOST_IDLE_MS || cpuMs - began.cpuMs > MOST_CPU_MS) reject(new Error('it hangs'));
    };
    timer = setInterval(look, LOOK_MS);
  });
  try {
    return await Promise.race([work, late]);
  } catch (cause) {
    throw new FuzzFailure(`${name}, seed ${seed}: ${(cause as Error).message}`, { cause });
  } finally {
    clearInterval(timer);
  }
}

/** What the process has done with its time: on a machine that is busy the time of the clock says little. */
function spent(): { readonly idleMs: number; readonly cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return { idleMs: performance.eventLoopUtilization().idle, cpuMs: (user + system) / 1000 };
}
