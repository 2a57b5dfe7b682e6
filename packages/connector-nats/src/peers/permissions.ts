import type { PermissionViolationError } from '@nats-io/transport-node';
import type { NatsLink, NatsLinkUser } from '../link/link.js';
import { SERVICES } from './subjects.js';

/** Hears what the server forbids of what joining takes. */
export class Permissions implements NatsLinkUser {
  readonly #link: NatsLink;
  /** What our subjects begin with. */
  readonly #prefix: string;
  readonly #inbox: string;
  readonly #missing = new Map<string, PermissionViolationError>();
  #hasJoined = false;

  constructor(link: NatsLink, prefix: string, inbox: string) {
    this.#link = link;
    this.#prefix = prefix;
    this.#inbox = inbox;
    link.add(this);
  }

  denied(error: PermissionViolationError): void {
    const needed = this.#neededFor(error.subject);
    if (needed === undefined) return;
    this.#missing.set(`${error.operation === 'publish' ? 'publish' : 'subscribe'} to ${needed}`, error);
    // guard: packets that the server begins to forbid are not lost in silence
    if (this.#hasJoined) this.#link.end(this.#error());
  }

  ended(): void {}

  stop(): void {
    this.#link.remove(this);
  }

  /**
   * Resolves when the server has granted all subscriptions made before, what `tryOut` publishes, and what we publish when that comes to
   * ourselves. Rejects with an error that names each permission that is missing.
   */
  async granted(tryOut: () => void): Promise<void> {
    await this.#heard();
    tryOut();
    await this.#heard();
    await this.#heard();
    if (this.#missing.size > 0) throw this.#error();
    this.#hasJoined = true;
  }

  /** Resolves when the server has said what it has against all that was sent. */
  async #heard(): Promise<void> {
    await this.#link.nats.flush();
    // the library reports it later in the turn in which its PONG came
    await new Promise((resolve) => setImmediate(resolve));
  }

  #neededFor(subject: string): string | undefined {
    if (subject.startsWith(`${SERVICES}.`)) return `${SERVICES}.>`;
    if (subject.startsWith(this.#prefix)) return `${this.#prefix}>`;
    return subject.startsWith(this.#inbox) ? '_INBOX.>' : undefined;
  }

  #error(): Error {
    const [cause] = this.#missing.values();
    const list = [...this.#missing.keys()].toSorted().join(', ');
    return new Error(`may not join other processes: ${cause?.message}; give the user the permissions to ${list}`, {
      cause,
    });
  }
}
