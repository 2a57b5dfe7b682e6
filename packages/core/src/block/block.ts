import type { Asker, BlockCommunicator, Mail } from '../api/block-communicator.js';
import type { Clock } from '../time/clock.js';
import type { ConfFactory } from '../api/config.js';
import type { BlockDescriptor } from '../api/descriptor.js';
import type { MailboxOptions } from '../api/mailbox-options.js';
import type { AnswerOf, AnyResponsibility, IfTyped, MessageOf, Msg } from '../api/message.js';
import type { StandardSchemaV1 } from '../api/standard-schema.js';

/** The places where user code runs; failures and reports name them. */
export type Callback =
  | Exclude<keyof Block, 'mailbox' | 'transit' | 'initMs'>
  | 'waitUntil'
  | 'weigh'
  | 'onEvent'
  | 'observer';

/** The log of a block. Loggers of pino fit. Silent unless the satellite is given one. */
export interface Logger extends Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text?: string) => void> {
  child?(bindings: object): Logger;
}

/** Something that may hold messages that are not handled yet. */
export interface Idling {
  /** True while it holds none. */
  readonly isIdle: boolean;
  /** Resolves when it holds none. */
  idle(): Promise<void>;
}

/** A number that a block measures, for metrics and for the page (F6). */
export interface Metric {
  /** In snake case, with its unit: `bytes_received_total`. */
  readonly name: string;
  /**
   * A `counter` only grows, and its name ends in `_total`. A `loss` is a counter of messages that the block has lost. `held` is a gauge of
   * messages that it holds in addition to its mailbox.
   */
  readonly type: 'counter' | 'gauge' | 'loss' | 'held';
  /** What it counts or measures, in a sentence. */
  readonly help: string;
  readonly value: number;
  /** Distinguishes values that have the same name. Use few different values: monitoring systems store each combination. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What every callback of a block gets from Sputnik. */
export interface BlockContext {
  readonly descriptor: BlockDescriptor;
  /**
   * Aborts when a landing is announced, at the latest when it begins (L8). Go on as before, but tell clients to go elsewhere, as an HTTP
   * server does with `Connection: close`.
   */
  readonly landingSoon: AbortSignal;
  /** Aborts when the landing begins: take no more from outside. */
  readonly landing: AbortSignal;
  /** Aborts when this block is about to be finished: give up. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
  /** Asks for an orderly shutdown, from any callback, from init on (L1). Returns at once. */
  readonly land: (reason?: unknown) => void;
  /** Milliseconds until the landing gives this block up: its share of the deadline once `finish` is called, Infinity before (L3). */
  readonly msLeft: () => number;
  /** Work outside a callback: the landing waits for it, and its failure goes to `onError`. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

type OnMsg<M, A> = (msg: M, from: BlockCommunicator, ctx: BlockContext, asker: Asker | undefined) => A | Promise<A>;

type OnMsgs<M, A> = (batch: readonly Mail<M, A>[], ctx: BlockContext) => void | Promise<void>;

/** An independent part of the process that runs asynchronously. `C` is the type of the connection, `M` of its messages, `A` of its answers. */
export interface Block<C = unknown, M = Msg, A = unknown> {
  /** Get ready: read configuration, open ports. Blocks are initialised one at a time, in order (B1). */
  init(config: ConfFactory, ctx: BlockContext): void | Promise<void>;
  /** The block's main thread; entered after all inits. Returning early is legal (F1). */
  run(self: BlockCommunicator<M, A>, ctx: BlockContext): void | Promise<void>;
  /** Release everything. `init` is true if the flight was never launched. */
  finish(init: boolean, ctx: BlockContext): void | Promise<void>;
  /** A connection is there. Alternates strictly with `onServerDisconnect` (S4). */
  readonly onServerConnect?: ((connection: C, ctx: BlockContext) => void | Promise<void>) | undefined;
  /** The connection is dead. Not called at landing (S5). */
  readonly onServerDisconnect?: ((ctx: BlockContext) => void | Promise<void>) | undefined;
  /** Takes a message. What it returns, or resolves with, answers an `ask`. */
  readonly onMsg?: OnMsg<M, A | void> | undefined;
  /**
   * Takes messages in batches, in place of `onMsg`: those that wait, up to `mailbox.batch`. Each has an outcome of its own (M8); those
   * without one are handled when the call resolves, and failed when it throws.
   */
  readonly onMsgs?: OnMsgs<M, A> | undefined;
  /** Stop taking in from outside; send on what was already accepted. */
  onLanding?(ctx: BlockContext): void | Promise<void>;
  /** Asked when a callback above failed in flight. Unless it says 'continue', the satellite lands (F3). */
  onError?(error: unknown, where: Callback, ctx: BlockContext): 'continue' | 'shutdown';
  /** Its numbers, now. Called when somebody looks, from its init on; what it throws is a failure (F3). Be quick. */
  metrics?(): readonly Metric[];
  /** Bounds of the block's mailbox. */
  readonly mailbox?: MailboxOptions<M> | undefined;
  /** How long its `init` may take, in milliseconds. Default: `initMs` of the flight. A nested satellite needs more. */
  readonly initMs?: number | undefined;
  /** What holds messages for the block in addition to its mailbox, such as a nested satellite. The landing drains both (L2). */
  readonly transit?: Idling | undefined;
}

/** A block of any message contract, for a connection of type `C`. */
// oxlint-disable-next-line typescript/no-explicit-any -- stands for every contract; the address carries the types
export type AnyBlock<C = unknown> = Block<C, any, any>;

/** Makes a block; acquires nothing (B2). */
export type BlockFactory<C = unknown> = (() => AnyBlock<C>) | BlockDefinition<C>;

/** The addresses that a block sends to, by the names it uses for them. */
export type Needs = { readonly [need: string]: AnyResponsibility };

/** Handles on the blocks that are needed, typed by their contracts. */
export type Wiring<N extends Needs> = {
  readonly [K in keyof N]: BlockCommunicator<MessageOf<N[K]>, AnswerOf<N[K]>>;
};

/** A place where a block, or a server connector, will listen. */
export interface ListenPlace {
  readonly protocol: 'tcp' | 'udp';
  /** As configured: an address or a name. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** Findings about a configuration that its schema cannot make. */
export interface Inspection {
  /** Problems, one line each: the key, what is wrong, and what to do. */
  readonly problems?: readonly string[] | undefined;
  /** Where it will listen. Two listeners at one place are a problem. */
  readonly listens?: readonly ListenPlace[] | undefined;
}

/** A block whose configuration and wiring are declared, so that both are checked before anything starts. */
export interface BlockDefinition<C = unknown> {
  readonly name: string;
  readonly config: StandardSchemaV1 | undefined;
  readonly needs: Needs;
  /** As of {@link BlockSpec}. */
  readonly address?: string | undefined;
  /** As of {@link BlockSpec}. */
  check?(config: unknown, read: ConfFactory): Inspection | Promise<Inspection>;
  /** Called at prepare with the validated configuration and the handles asked for. */
  make(config: unknown, to: Wiring<Needs>, ctx: BlockContext): Partial<AnyBlock<C>>;
}

/** Takes messages according to the contract of an address. */
interface ContractOf<R> {
  readonly onMsg?: OnMsg<MessageOf<R>, AnswerOf<R>> | undefined;
  readonly onMsgs?: OnMsgs<MessageOf<R>, AnswerOf<R>> | undefined;
}

/** The parts of a block, for {@link defineBlock}. */
export interface BlockSpec<T, N extends Needs, C, R extends AnyResponsibility, M, A> {
  readonly name: string;
  /**
   * The address whose contract it keeps: `onMsg` and `onMsgs` must take its messages and give its answers, or they do not compile. If the
   * satellite lists the block without a responsibility, this is its address. Without both, its name is its address (B2).
   */
  readonly address?: R | undefined;
  /** Any Standard Schema. Without one, the block has no configuration. */
  readonly config?: StandardSchemaV1<unknown, T> | undefined;
  /** Addresses of the blocks that this one sends to. */
  readonly needs?: N | undefined;
  /**
   * Finds problems that a schema cannot: missing files, or problems in other configurations that `init` will read (get them with `read`).
   * `sputnik check` calls it, and the sidecar before each start. Must acquire nothing. Need not catch the BAD_CONFIG that `read` throws.
   */
  readonly check?: ((config: T, read: ConfFactory) => Inspection | Promise<Inspection>) | undefined;
  /** Returns any of the callbacks; missing ones do nothing. Must acquire nothing itself. */
  readonly make: (
    config: T,
    to: Wiring<N>,
    ctx: BlockContext,
  ) => Partial<Block<C, M, A>> & IfTyped<R, ContractOf<R>, unknown>;
}

/**
 * Defines a block: its name, configuration, needs and callbacks.
 *
 * @example
 * import { defineBlock, Sputnik, type Responsibility } from '@sputnikjs/core';
 * const ADDER: Responsibility<{ readonly a: number; readonly b: number }, number> = 'adder';
 * const adder = defineBlock({ name: 'adder', address: ADDER, make: () => ({ onMsg: ({ a, b }) => a + b }) });
 * const asker = defineBlock({
 *   name: 'asker',
 *   needs: { adder: ADDER },
 *   make: (_config, to, { land }) => ({ run: async () => land(await to.adder.ask({ a: 2, b: 3 })) }),
 * });
 * const options = { appBlocks: [{ name: 'adder' }, { name: 'asker' }], blockFactories: { adder, asker } };
 * const report = await (await new Sputnik(options).prepare()).launch();
 * console.log(report.cause.reason); // 5
 */
export function defineBlock<
  T = undefined,
  N extends Needs = {},
  C = unknown,
  R extends AnyResponsibility = string,
  M = MessageOf<R>,
  A = AnswerOf<R>,
>(spec: BlockSpec<T, N, C, R, M, A>): BlockDefinition<C> {
  const { name, address, config, needs = {}, check, make } = spec;
  return Object.freeze({
    name,
    config,
    needs,
    ...(address !== undefined && { address }),
    ...(check && { check }),
    make,
  });
}
