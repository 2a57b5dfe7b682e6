import {
  defineBlock,
  type AnyBlock,
  type BlockCommunicator,
  type BlockContext,
  type BlockFactory,
} from '@sputnikjs/core';
import type { BlockPlan, Script, Verdict } from './plan.js';
import { play, type Scene } from './script.js';
import type { Trace } from './trace.js';
import type { World } from './world.js';
import type { Message } from './write.js';

/** What blocks know of their satellite. */
export interface Surroundings {
  readonly world: World;
  readonly trace: Trace;
  /** Of the application blocks. */
  readonly addresses: readonly string[];
  /** Everybody who can be written to. */
  readonly everybody: readonly string[];
  readonly shootDown: () => Promise<unknown> | undefined;
  /** Somebody runs, and has a handle on others. */
  readonly meet: (handle: BlockCommunicator) => void;
}

/** What an `ask` of the message is answered. */
export interface Answer {
  readonly to: Message;
}

/** A factory of the block that a plan tells of, which notes all that happens to it. */
export function factoryOf(name: string, plan: BlockPlan, around: Surroundings): BlockFactory<number> {
  const note = (frozen: boolean): unknown => around.trace.note({ what: 'make', block: name, frozen });
  if (plan.style === 'plain') {
    return () => {
      note(true);
      return new PlannedBlock(name, plan, around).callbacks();
    };
  }
  const needs = Object.fromEntries(around.everybody.map((address) => [address, address]));
  const make = (_: unknown, to: Readonly<Record<string, BlockCommunicator>>, ctx: BlockContext): AnyBlock<number> => {
    note(Object.isFrozen(ctx.descriptor));
    return new PlannedBlock(name, plan, around, to).callbacks();
  };
  return defineBlock<undefined, typeof needs, number>({ name, needs, make });
}

type Done = void | Promise<void>;

/** The particulars of a callback. */
interface About {
  readonly argument?: unknown;
  readonly sender?: BlockCommunicator;
  readonly hops?: number;
}

class PlannedBlock {
  readonly #name: string;
  readonly #plan: BlockPlan;
  readonly #around: Surroundings;
  readonly #to: Readonly<Record<string, BlockCommunicator>>;
  #self: BlockCommunicator | undefined;
  readonly #turns = new Map<string, number>();

  constructor(
    name: string,
    plan: BlockPlan,
    around: Surroundings,
    to: Readonly<Record<string, BlockCommunicator>> = {},
  ) {
    this.#name = name;
    this.#plan = plan;
    this.#around = around;
    this.#to = to;
  }

  callbacks(): AnyBlock<number> {
    const { init, run, finish, onLanding, onMsg, onServerConnect, onServerDisconnect, onError, mailbox } = this.#plan;
    return {
      init: (_, ctx) => {
        ctx.signal.addEventListener('abort', () => this.#around.trace.note({ what: 'signal', block: this.#name }));
        return this.#call('init', init, ctx);
      },
      run: (self, ctx) => {
        this.#self = self;
        this.#around.meet(self);
        return this.#run(run, ctx);
      },
      finish: (argument, ctx) => this.#call('finish', finish, ctx, { argument }),
      ...(onLanding && { onLanding: (ctx: BlockContext) => this.#call('onLanding', onLanding, ctx) }),
      onMsg:
        onMsg &&
        ((argument: Message, sender, ctx) => {
          const { hops } = argument;
          return this.#call('onMsg', this.#next('onMsg', onMsg), ctx, { argument, sender, hops });
        }),
      onServerConnect:
        onServerConnect &&
        ((argument, ctx) =>
          this.#call('onServerConnect', this.#next('onServerConnect', onServerConnect), ctx, { argument })),
      onServerDisconnect:
        onServerDisconnect &&
        ((ctx) => this.#call('onServerDisconnect', this.#next('onServerDisconnect', onServerDisconnect), ctx)),
      ...(onError && {
        onError: (error: unknown, where: string, ctx: BlockContext) =>
          this.#judge(this.#next('onError', onError), { error, where }, ctx),
      }),
      mailbox,
    };
  }

  #run(script: Script, ctx: BlockContext): Done {
    void Promise.resolve().then(() => this.#around.trace.note({ what: 'breath', block: this.#name }));
    return this.#call('run', script, ctx);
  }

  /** Plays a script as a callback. What it gives back is the answer to the message it is about, if any. */
  #call(callback: string, script: Script, ctx: BlockContext, about: About = {}): Done {
    const { trace } = this.#around;
    const { argument } = about;
    const call = trace.enter(this.#name, callback, argument, toldBy(ctx));
    const letter = callback === 'onMsg' ? (argument as Message).letter : undefined;
    if (letter) {
      letter.calls++;
      letter.call ??= call;
      if (about.sender) letter.heardFrom = about.sender.descriptor.responsibility;
    }
    // What `onMsg` answers; the types of all other callbacks know of nothing to return.
    const answer = (letter && ({ to: argument as Message } satisfies Answer)) as unknown as void;
    const end = (threw: boolean, value: unknown): void => trace.exit(call, threw, value, ended(ctx));
    try {
      const time = play(script, this.#scene(ctx, about));
      if (!time) {
        end(false, answer);
        return answer;
      }
      return time.then(
        () => {
          end(false, answer);
          return answer;
        },
        (error: unknown) => {
          end(true, error);
          throw error;
        },
      );
    } catch (error) {
      end(true, error);
      throw error;
    }
  }

  #judge(verdict: Verdict, argument: unknown, ctx: BlockContext): 'continue' | 'shutdown' {
    const { trace } = this.#around;
    const call = trace.enter(this.#name, 'onError', argument, toldBy(ctx));
    if (verdict === 'throw') {
      const broken = new Error('onError is broken');
      trace.exit(call, true, broken, ended(ctx));
      throw broken;
    }
    if (verdict === 'land') {
      trace.note({ what: 'land', block: this.#name, reason: verdict });
      ctx.land(verdict);
    }
    const decision = verdict === 'land' ? 'continue' : verdict;
    trace.exit(call, false, decision, ended(ctx));
    return decision as 'continue' | 'shutdown';
  }

  #scene(ctx: BlockContext, about: About): Scene {
    const { sender, hops = 0 } = about;
    const { world, trace, addresses, shootDown } = this.#around;
    return {
      world,
      trace,
      ctx,
      addresses,
      shootDown,
      sender,
      hops,
      reach: (address) => this.#to[address] ?? this.#self?.communicator(address),
      workOn: (script) => ctx.waitUntil((async () => this.#call('waitUntil', script, ctx, about))()),
    };
  }

  /** Where there are several, they take turns. */
  #next<T>(callback: string, ways: readonly T[]): T {
    const turn = this.#turns.get(callback) ?? 0;
    this.#turns.set(callback, turn + 1);
    return ways[turn % ways.length] as T;
  }
}

function toldBy({ landing, signal }: BlockContext): { landing: boolean; signal: boolean } {
  return { landing: landing.aborted, signal: signal.aborted };
}

/** Giving up is obedience from now on (F3). */
function ended({ landing, signal }: BlockContext): boolean {
  return landing.aborted || signal.aborted;
}
