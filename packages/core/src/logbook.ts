import type { BlockDescriptor } from './descriptor.js';
import type {
  ConnectionState,
  EventListener,
  Failure,
  LandingCause,
  LandingReport,
  SputnikEvent,
  Unfinished,
} from './events.js';

/** What is known of a landing beside its failures. */
export interface Outcome {
  readonly cause: LandingCause;
  readonly tookMs: number;
  readonly unfinished: readonly Unfinished[];
  readonly dropped: readonly { readonly block: BlockDescriptor; readonly count: number }[];
}

/** What happened in a flight: passes events on, keeps failures for the report (F3, L4). */
export class Logbook {
  connection: ConnectionState;
  readonly #listener: EventListener;
  readonly #onBroken: (error: unknown) => void;
  readonly #failures: (Failure & { count: number })[] = [];

  /** `onBroken` is told what the listener throws. */
  constructor(listener: EventListener, connection: ConnectionState, onBroken: (error: unknown) => void) {
    this.#listener = listener;
    this.connection = connection;
    this.#onBroken = onBroken;
  }

  emit(event: SputnikEvent): void {
    if (event.type === 'connecting' || event.type === 'connected' || event.type === 'disconnected') {
      this.connection = event.type;
    }
    try {
      this.#listener(event);
    } catch (error) {
      this.#onBroken(error);
    }
  }

  /** Failures of the same block and callback are counted, not listed: a mailbox may be full of them. */
  collect({ block, callback, error }: Failure): void {
    const same = this.#failures.find((failure) => failure.block === block && failure.callback === callback);
    if (same) same.count++;
    else this.#failures.push({ block, callback, error, count: 1 });
  }

  report({ cause, tookMs, unfinished, dropped }: Outcome): LandingReport {
    const failures = this.#failures.map((failure) => ({ ...failure }));
    const clean = failures.length === 0 && unfinished.length === 0 && dropped.length === 0;
    return { cause, clean, tookMs, unfinished, failures, dropped };
  }
}
