import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import {
  Sputnik,
  SputnikError,
  type BlockCommunicator,
  type BlockContext,
  type BlockFactories,
  type BlockFactory,
  type BlockStatus,
  type ErrorCode,
  type Flight,
  type LandingReport,
  type SputnikEvent,
  type SputnikOptions,
} from '@sputnikjs/core';
import { type ManualClock, TestServer, manualClock, turn } from '@sputnikjs/testkit';
import { recorder, type Acts } from './recorder.js';

/** The events of a type. */
type EventOf<T, E = SputnikEvent> = E extends { readonly type: infer U } ? (T extends U ? E : never) : never;

const launched = new Set<TestFlight>();

// A flight keeps the process alive until it has landed (F5): a test that failed must not.
afterEach(async () => {
  for (const { flight, clock } of launched) {
    void flight.shootDown();
    await clock.advance(30_000);
  }
  launched.clear();
});

/** All that is wrong with a satellite, of which nothing is started. */
export async function problemsOf<C>(options: SputnikOptions<C>): Promise<readonly string[]> {
  return (await new Sputnik(options).assemble()).problems;
}

/** A satellite of recorded blocks on a clock that a test drives. */
export class TestFlight {
  readonly clock: ManualClock = manualClock();
  /** What the blocks, and whoever else is given it, note. */
  readonly log: string[] = [];
  readonly events: SputnikEvent[] = [];
  readonly #options: Partial<Omit<SputnikOptions<string>, 'clock'>>;
  readonly #handles = new Map<string, BlockCommunicator>();
  readonly #contexts = new Map<string, BlockContext>();
  #flight: Flight | undefined;
  #launched: Promise<LandingReport> | undefined;

  /** Signals of the process are left alone unless a finisher is given. A test server's calls are noted in the log. */
  constructor(options: Partial<Omit<SputnikOptions<string>, 'clock'>> = {}) {
    this.#options = options;
    if (options.connector instanceof TestServer) options.connector.log = this.log;
  }

  /** Prepares blocks with these acts (or factories), listed in this order, each under its own name. */
  async prepare(blocks: Readonly<Record<string, Acts<string> | BlockFactory<string>>>): Promise<Flight> {
    const { onEvent, blockFactories, ...others } = this.#options;
    const entries = Object.entries(blocks).map(([name, block]) => [name, this.#factory(block)]);
    this.#flight = await new Sputnik<string>({
      appBlocks: Object.keys(blocks).map((name) => ({ name })),
      blockFactories: { ...(Object.fromEntries(entries) as BlockFactories<string>), ...blockFactories },
      finisher: () => ({ init() {}, run() {}, finish() {} }),
      clock: this.clock,
      onEvent: (event) => {
        this.events.push(event);
        return onEvent?.(event);
      },
      ...others,
    }).prepare();
    return this.#flight;
  }

  /** Prepares and launches. All that follows at once has happened then. */
  async fly(blocks: Readonly<Record<string, Acts<string> | BlockFactory<string>>>): Promise<void> {
    this.#launched = (await this.prepare(blocks)).launch();
    launched.add(this);
    // A test that expects a failure looks at it later.
    this.#launched.catch(() => {});
    await turn();
  }

  get flight(): Flight {
    assert.ok(this.#flight, 'prepare first');
    return this.#flight;
  }

  /** What `launch` returned. */
  get launched(): Promise<LandingReport> {
    assert.ok(this.#launched, 'fly first');
    return this.#launched;
  }

  /** Shoots down; resolves with the report. */
  land(): Promise<LandingReport> {
    return this.flight.shootDown();
  }

  /** A block's handle on itself, once its run was entered. */
  self(responsibility: string): BlockCommunicator {
    const handle = this.#handles.get(responsibility);
    assert.ok(handle, `${responsibility} does not run`);
    return handle;
  }

  /** A block's context, once its init was entered. */
  context(responsibility: string): BlockContext {
    const context = this.#contexts.get(responsibility);
    assert.ok(context, `${responsibility} was not initialised`);
    return context;
  }

  status(responsibility: string): BlockStatus {
    const status = this.flight.status().blocks.find((block) => block.responsibility === responsibility);
    assert.ok(status, `there is no ${responsibility}`);
    return status;
  }

  eventsOf<T extends SputnikEvent['type']>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type);
  }

  /** The log so far, from now on empty. */
  takeLog(): string[] {
    return this.log.splice(0);
  }

  #factory(block: Acts<string> | BlockFactory<string>): BlockFactory<string> {
    if (typeof block === 'function' || 'make' in block) return block;
    return recorder<string>(this.log, {
      ...block,
      init: (config, ctx) => {
        this.#contexts.set(ctx.descriptor.responsibility, ctx);
        return block.init?.(config, ctx);
      },
      run: (self, ctx) => {
        this.#handles.set(ctx.descriptor.responsibility, self);
        return block.run?.(self, ctx);
      },
    });
  }
}

/** Asserts that this is a SputnikError of this code. */
export function sputnikError(error: unknown, code: ErrorCode): SputnikError<LandingReport> {
  assert.ok(error instanceof SputnikError, `expected ${code}, not ${String(error)}`);
  assert.equal(error.code, code);
  return error as SputnikError<LandingReport>;
}

/** The SputnikError, of this code, with which a promise rejects. */
export async function rejection(promise: Promise<unknown>, code: ErrorCode): Promise<SputnikError<LandingReport>> {
  const reason: unknown = await promise.then(
    () => 'a promise that resolved',
    (error: unknown) => error,
  );
  return sputnikError(reason, code);
}

/** Turns the event loop until it is so. */
export async function until(condition: () => boolean, what: string = String(condition)): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    assert.ok(turns < 100_000, `it never came true: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
