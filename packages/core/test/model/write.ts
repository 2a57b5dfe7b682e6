import type { BlockCommunicator, BlockContext } from '@sputnikjs/core';
import type { Write } from './plan.js';
import type { Letter, Trace } from './trace.js';
import type { World } from './world.js';

/** Who writes, and where it is noted. */
export interface Post {
  readonly world: World;
  readonly trace: Trace;
  readonly ctx: BlockContext;
  /** Messages that led to this one. */
  readonly hops: number;
}

/** A message of the model: how many led to it. */
export interface Message {
  readonly letter: Letter;
  readonly hops: number;
}

/** What is left out does not matter. */
type Way = Pick<Write, 'kind' | 'care'> &
  Partial<Pick<Write, 'patience' | 'timeoutMs' | 'whenFull' | 'empty'>> & { readonly message?: object };

/** Messages in a flight, and messages that lead to messages: no more, lest flights have no end. */
const MOST_LETTERS = 120;
const MOST_HOPS = 3;

/** Sends, posts or asks, and notes it. Returns what has to be waited for. */
export function write(handle: BlockCommunicator, way: Way, scene: Post): Promise<unknown> | undefined {
  const { trace, world, hops, ctx } = scene;
  if (trace.letters.length >= MOST_LETTERS || hops > MOST_HOPS) return undefined;
  const { kind, patience = 'endless', timeoutMs, whenFull = 'wait' } = way;
  const signal = signalFor(patience, scene);
  const letter: Letter = {
    no: trace.letters.length,
    kind,
    from: ctx.descriptor.responsibility,
    to: handle.descriptor.responsibility,
    message: null,
    written: trace.lines.length,
    writtenAt: world.now,
    timeoutMs,
    waits: kind === 'post' || (kind === 'ask' && whenFull === 'wait'),
    signal: patience === 'landing' || patience === 'signal' ? undefined : signal,
    already: kind !== 'send' && signal?.aborted === true,
    calls: 0,
    place: 0,
  };
  const message: object | null = way.empty ? null : (way.message ?? ({ letter, hops: hops + 1 } satisfies Message));
  letter.message = message;
  trace.letters.push(letter);
  trace.note({ what: 'write', letter });
  trace.writing = true;
  const reply = kind === 'send' ? undefined : handle[kind](message as never, { signal, timeoutMs, whenFull });
  if (kind === 'send') settle(letter, true, handle.send(message as never), trace);
  trace.writing = false;
  if (!reply) return undefined;
  const giveUp = (): void => {
    if (letter.settled) return;
    letter.aborted = { index: trace.note({ what: 'give up', letter }), at: world.now, reason: signal?.reason };
  };
  // It may have aborted meanwhile: a drop that the message caused was told to a listener that failed.
  if (signal?.aborted && !letter.already) giveUp();
  signal?.addEventListener('abort', giveUp);
  const settled = reply.then(
    (value: unknown) => settle(letter, true, value, trace),
    (error: unknown) => {
      settle(letter, false, error, trace);
      throw error;
    },
  );
  void settled.then(
    () => signal?.removeEventListener('abort', giveUp),
    () => signal?.removeEventListener('abort', giveUp),
  );
  if (way.care === 'need') return settled;
  const calm = settled.catch(() => {});
  return way.care === 'await' ? calm : undefined;
}

function settle(letter: Letter, resolved: boolean, value: unknown, trace: Trace): void {
  letter.settled = { index: trace.note({ what: 'settle', letter }), at: trace.now, resolved, value };
}

function signalFor(patience: Write['patience'], { ctx, world }: Post): AbortSignal | undefined {
  if (patience === 'endless') return undefined;
  if (patience === 'landing' || patience === 'signal') return ctx[patience];
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('out of patience'));
  if (patience === 'already') abort();
  else world.at(world.now + patience, abort);
  return controller.signal;
}
