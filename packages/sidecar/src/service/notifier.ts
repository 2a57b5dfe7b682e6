import type { Clock, Logger } from '@sputnikjs/core';
import { NotifyHelper, type Sent } from './notify-helper.js';

/** systemd-notify waits five seconds at most for systemd to have read the message. */
const LONGEST_MS = 10_000;
/** How long the end of the process waits for what is under way, in milliseconds. */
const END_MS = 2_000;
/** Of these, only the last one in a message counts: two of them need two messages. */
const STATES = ['READY', 'STOPPING'] as const;

/** Names and values, as in sd_notify(3). */
export type Assignments = Readonly<Record<string, string>>;

/**
 * Sends notifications in order, one at a time. Those that come meanwhile go together into the next one, where a newer value replaces an older
 * one.
 */
export class Notifier {
  readonly #helper: NotifyHelper;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: Map<string, string>[] = [];
  #sending: Promise<void> | undefined;
  #isOff = false;

  constructor(environment: NodeJS.ProcessEnv, clock: Clock, log: Logger) {
    this.#helper = new NotifyHelper(environment);
    this.#clock = clock;
    this.#log = log;
  }

  notify(assignments: Assignments): void {
    if (this.#isOff) return;
    const last = this.#waiting.at(-1);
    // guard: one state of the service does not hide another
    if (last === undefined || (STATES.some((state) => last.has(state)) && STATES.some((state) => state in assignments)))
      this.#waiting.push(new Map(Object.entries(assignments)));
    else for (const [name, value] of Object.entries(assignments)) last.set(name, value);
    this.#sending ??= this.#sendAll();
  }

  /** Sends what waits, with a short deadline. Leaves no process. */
  async close(): Promise<void> {
    const cancel = this.#clock.after(END_MS, () => {
      this.#waiting = [];
      // guard: no helper is left behind
      this.#helper.kill();
    });
    await this.#sending;
    await this.#helper.end();
    cancel();
    this.#isOff = true;
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await this.#send(next);
    this.#sending = undefined;
  }

  async #send(assignments: ReadonlyMap<string, string>): Promise<void> {
    const cancel = this.#clock.after(LONGEST_MS, () => this.#helper.kill());
    const sent = await this.#helper.send(assignments);
    cancel();
    if (sent !== 'sent') this.#tell(sent, [...assignments.keys()].join(', '));
  }

  #tell(sent: Exclude<Sent, 'sent'>, names: string): void {
    if (sent === 'no systemd-notify') {
      this.#isOff = true;
      this.#waiting = [];
      const text =
        'there is no systemd-notify, so this satellite reports nothing to the service manager. With Type=notify, it ends the satellite after TimeoutStartSec. Install it (package systemd), or set Type=exec and no WatchdogSec';
      this.#log.warn({ event: 'notifyFailed' }, text);
    } else
      this.#log.warn({ event: 'notifyFailed', names }, `the service manager did not get ${names}: ${sent.problem}`);
  }
}
