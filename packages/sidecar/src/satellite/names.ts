import type {
  BlockDescriptor,
  Failure,
  LandingCause,
  LandingReport,
  MessageObserver,
  SputnikEvent,
  Unfinished,
} from '@sputnikjs/core';
import { fullAddress, inside, type AddressBook } from '../folder/address-book.js';

/** Names the blocks of the satellite at a path by their addresses in the outermost satellite. */
export class Names {
  readonly path: string;
  readonly #book: AddressBook;
  readonly #known = new Map<string, BlockDescriptor>();

  constructor(path: string, book: AddressBook) {
    this.path = path;
    this.#book = book;
  }

  /** Returns the same object for the same block, also after a restart of its satellite. */
  readonly of = ({ name, responsibility }: BlockDescriptor): BlockDescriptor => {
    const known = this.#known.get(responsibility);
    if (known) return known;
    const place = this.#book.find(this.path, responsibility);
    const address = place === undefined ? inside(this.path, responsibility) : fullAddress(place);
    const named = Object.freeze({ name: place?.name ?? name, responsibility: address });
    this.#known.set(responsibility, named);
    return named;
  };

  ofObserver(observer: MessageObserver): MessageObserver {
    return {
      accepted: (msg, from, to) => observer.accepted?.(msg, this.of(from), this.of(to)),
      begun: (msg, to) => observer.begun?.(msg, this.of(to)),
      settled: (msg, to, how) => observer.settled?.(msg, this.of(to), how),
    };
  }

  ofEvent(event: SputnikEvent): SputnikEvent {
    switch (event.type) {
      case 'landing':
        return { ...event, cause: this.ofCause(event.cause) };
      case 'waiting':
        return { ...event, for: event.for.map(this.#ofCallback), circle: event.circle.map(this.of) };
      case 'landed':
        return { ...event, report: this.ofReport(event.report) };
      default:
        return 'block' in event ? { ...event, block: this.of(event.block) } : event;
    }
  }

  ofReport(report: LandingReport): LandingReport {
    return {
      ...report,
      cause: this.ofCause(report.cause),
      unfinished: report.unfinished.map(this.#ofCallback),
      failures: report.failures.map(this.#ofCallback),
      dropped: report.dropped.map(({ block, count }) => ({ block: this.of(block), count })),
    };
  }

  ofCause(cause: LandingCause): LandingCause {
    return cause.block === undefined ? cause : { ...cause, block: this.of(cause.block) };
  }

  readonly #ofCallback = <T extends Failure | Unfinished>(one: T): T => ({ ...one, block: this.of(one.block) });
}
