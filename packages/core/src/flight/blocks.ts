import type { ActiveBlock } from '../block/active-block.js';
import type { Idling } from '../block/block.js';
import { INITIATOR } from '../api/descriptor.js';
import { allIdle, areIdle } from '../block/idle.js';
import type { ServerConnection } from '../block/server-lane.js';

/** The blocks of a flight, by their addresses: the initiator, then the others in the order of their init. */
export class Blocks implements Idling {
  /** Those whose `init` has succeeded, in that order. */
  readonly initialised: ActiveBlock[] = [];
  readonly #all = new Map<string, ActiveBlock>();
  /** Every `run` was entered. */
  hasFlown = false;
  #intakeStopped: Promise<unknown> | undefined;

  add(block: ActiveBlock): void {
    this.#all.set(block.descriptor.responsibility, block);
  }

  get(responsibility: string): ActiveBlock | undefined {
    return this.#all.get(responsibility);
  }

  *[Symbol.iterator](): Iterator<ActiveBlock> {
    yield* this.#all.values();
  }

  /** All but the initiator. */
  get others(): ActiveBlock[] {
    return [...this].filter(({ descriptor }) => descriptor.responsibility !== INITIATOR);
  }

  /** Enters every `run` (F1). */
  run(): void {
    this.hasFlown = true;
    // guard: F1 every run is entered in one go
    for (const block of this.initialised) block.run();
  }

  /** Has all of them learn of the server connection (S4). */
  readonly setConnection = (link: ServerConnection | undefined): void =>
    this.initialised.forEach((block) => block.setConnection(link));

  /** Has those that fly take nothing more in from outside. Resolves when every `onLanding` has ended. */
  async stopIntake(): Promise<void> {
    // guard: N3 what does not fly has nothing to stop
    if (!this.hasFlown) return;
    // guard: L2 intake stops in reverse
    const blocks = this.initialised.toReversed();
    // guard: N3 onLanding is called once
    await (this.#intakeStopped ??= Promise.all(blocks.map((block) => block.stopIntake())));
  }

  get isIdle(): boolean {
    return areIdle([...this]);
  }

  /** Resolves at an instant at which all mailboxes are idle. */
  idle(): Promise<void> {
    return allIdle([...this]);
  }
}
