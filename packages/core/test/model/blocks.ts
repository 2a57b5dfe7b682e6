import {
  defineBlock,
  SputnikError,
  type AnyBlock,
  type BlockCommunicator,
  type BlockContext,
  type BlockFactory,
  type Mail,
} from '@sputnikjs/core';
import { isHandler, lettersOf } from './outcomes.js';
import type { BlockPlan, Script, TransitPlan, Verdict } from './plan.js';
import { makeError, makePretence, play, type Scene } from './script.js';
import type { Call, Trace } from './trace.js';
import { Transit } from './transit.js';
import type { World } from './world.js';
import type { Message } from './write.js';

/** What blocks know of their satellite. */
export interface Surroundings {
  readonly world: World;
  readonly trace: Trace;
  /** Of the application blocks. */
  readonly addresses: readonly string[];
  /** Everybody who can be written to, here and outside. */
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
  readonly sender?: BlockCommunicator | undefined;
  readonly hops?: number;
  /** The batch at hand. */
  readonly mails?: readonly Mail<Message, Answer>[];
}

class PlannedBlock {
  readonly #name: string;
  readonly #plan: BlockPlan;
  readonly #around: Surroundings;
  readonly #to: Readonly<Record<string, BlockCommunicator>>;
  #self: BlockCommunicator | undefined;
  readonly #turns = new Map<string, number>();
  readonly #transit: Transit;

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
    this.#transit = new Transit((isIdle) => around.trace.note({ what: 'transit', block: name, isIdle }));
  }

  callbacks(): AnyBlock<number> {
    const { init, run, finish, onLanding, onMsg, onMsgs } = this.#plan;
    const { onServerConnect, onServerDisconnect, onError, mailbox, transit } = this.#plan;
    return {
      init: (_, ctx) => {
        ctx.signal.addEventListener('abort', () => this.#around.trace.note({ what: 'signal', block: this.#name }));
        return this.#call('init', init, ctx);
      },
      run: (self, ctx) => {
        this.#self = self;
        this.#around.meet(self);
        if (transit) this.#hold(transit, ctx);
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
      onMsgs:
        onMsgs &&
        ((mails: readonly Mail<Message, Answer>[], ctx: BlockContext) => {
          const hops = Math.max(...mails.map(({ msg }) => msg.hops));
          const about = { argument: mails.map(({ msg }) => msg), sender: mails[0]?.from, hops, mails };
          return this.#call('onMsgs', this.#next('onMsgs', onMsgs), ctx, about);
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
      ...(transit && { transit: this.#transit }),
    };
  }

  /** Holds what is in transit from now on, or from the landing on; it sends that, and holds nothing more. */
  #hold({ from, ms, sends }: TransitPlan, ctx: BlockContext): void {
    const { world } = this.#around;
    const hold = (): void => {
      this.#transit.hold();
      const letGo = (): void => {
        void play(sends, this.#scene(ctx, {}));
        this.#transit.letGo();
      };
      if (ms !== undefined) world.at(world.now + ms, letGo);
    };
    if (from === 'run') hold();
    else ctx.landing.addEventListener('abort', hold, { once: true });
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
    if (isHandler(call)) handOver(call, about);
    // What `onMsg` answers; the types of all other callbacks know of nothing to return.
    const answer = (callback === 'onMsg'
      ? ({ to: argument as Message } satisfies Answer)
      : undefined) as unknown as void;
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
      settle: (nth, how) => this.#settle(nth, how, about.mails ?? []),
    };
  }

  /** Gives the nth message of a batch an outcome; only its first one is noted. */
  #settle(nth: number, how: 'reply' | 'fail' | 'pretend' | 'giveUp', mails: NonNullable<About['mails']>): void {
    const mail = mails[nth % mails.length];
    if (!mail) return;
    const { letter } = mail.msg;
    const { trace } = this.#around;
    const threw = how !== 'reply';
    const answer = { to: mail.msg };
    const value = how === 'reply' ? answer : errorFor(how);
    letter.outcome ??= { index: trace.lines.length, at: trace.now, threw, value };
    trace.note({ what: 'outcome', letter });
    if (threw) mail.fail(value);
    else mail.reply(answer);
  }

  /** Where there are several, they take turns. */
  #next<T>(callback: string, ways: readonly T[]): T {
    const turn = this.#turns.get(callback) ?? 0;
    this.#turns.set(callback, turn + 1);
    return ways[turn % ways.length] as T;
  }
}

/** What a message of a batch fails with. */
function errorFor(how: 'fail' | 'pretend' | 'giveUp'): Error {
  if (how === 'fail') return makeError();
  const aborted = makePretence();
  return how === 'pretend' ? aborted : new SputnikError('ASK_ABORTED', undefined, { cause: aborted });
}

/** Notes what letters a call gets, from whom, and in which order. */
function handOver(call: Call, { sender, mails }: About): void {
  for (const [place, letter] of lettersOf(call).entries()) {
    letter.calls++;
    letter.call ??= call;
    letter.place = place;
    const from = mails?.[place]?.from ?? sender;
    if (from) letter.heardFrom = from.descriptor.responsibility;
  }
}

function toldBy({ landing, signal }: BlockContext): { landing: boolean; signal: boolean } {
  return { landing: landing.aborted, signal: signal.aborted };
}

/** Giving up is obedience from now on (F3). */
function ended({ landing, signal }: BlockContext): boolean {
  return landing.aborted || signal.aborted;
}
