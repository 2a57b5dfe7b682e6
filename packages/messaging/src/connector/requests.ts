import { SputnikError, systemClock } from '@sputnikjs/core';
import { REPLY_MS, type ReceivedReply, type RequestMessage } from '../contract.js';

interface Open<Sent> {
  readonly target: string;
  readonly sent: Sent;
  settle(outcome: ReceivedReply | Error): void;
}

/**
 * The requests of a connection that wait for their replies, each with its deadline. A request settles once: by {@link settle}, at its deadline,
 * when its signal aborts, or, when the connection ends, by {@link end}. What comes later is for nobody.
 *
 * @example
 * import { Requests } from '@sputnikjs/messaging/connector';
 * const requests = new Requests<string>();
 * const reply = requests.open({ target: 'time', payload: '' }, undefined, (key) => `the request ${key}`);
 * // the server has brought a reply; its key is what the request was sent with
 * requests.settle('1', { payload: Buffer.from('noon') });
 * console.log(String((await reply).payload)); // noon
 */
export class Requests<Sent = void> {
  readonly #open = new Map<string, Open<Sent>>();
  #next = 0;
  #end: Error | undefined;

  /** Sends a request by `send`, which gets its key and returns what {@link refuse} is to know of it. Resolves with the reply. */
  async open(
    { target, timeoutMs = REPLY_MS }: RequestMessage,
    signal: AbortSignal | undefined,
    send: (key: string) => Sent,
  ): Promise<ReceivedReply> {
    if (this.#end !== undefined) throw this.#end;
    if (signal?.aborted) throw aborted(target, signal);
    const key = String(++this.#next);
    const sent = send(key);
    return new Promise((resolve, reject) => {
      const giveUp = (): void => void this.settle(key, aborted(target, signal));
      const cancel = systemClock.after(timeoutMs, () => this.settle(key, late(target, timeoutMs)));
      signal?.addEventListener('abort', giveUp);
      this.#open.set(key, {
        target,
        sent,
        settle(outcome) {
          cancel();
          signal?.removeEventListener('abort', giveUp);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      });
    });
  }

  /** Returns where a request went; undefined if it does not wait any more. */
  targetOf(key: string): string | undefined {
    return this.#open.get(key)?.target;
  }

  /** Settles a request: its reply has come, or an error. Returns false if it does not wait any more. */
  settle(key: string, outcome: ReceivedReply | Error): boolean {
    const request = this.#open.get(key);
    this.#open.delete(key);
    request?.settle(outcome);
    return request !== undefined;
  }

  /** Settles those for which `why` has an error. */
  refuse(why: (target: string, sent: Sent) => Error | undefined): void {
    for (const [key, { target, sent }] of this.#open) {
      const error = why(target, sent);
      if (error !== undefined) this.settle(key, error);
    }
  }

  /** The connection is over: rejects all requests, and all later ones. */
  end(error: Error): void {
    this.#end ??= error;
    this.refuse(() => error);
  }
}

/**
 * Returns the error of a request for which the server says that nobody is there to answer.
 *
 * @example
 * import { nobodyListens } from '@sputnikjs/messaging/connector';
 * const error = nobodyListens('time');
 * console.log(error.code, error.message); // NOBODY_LISTENS there is no responder for "time"; start one, or correct the target
 */
export function nobodyListens(target: string): SputnikError {
  const text = `there is no responder for "${target}"; start one, or correct the target`;
  return new SputnikError('NOBODY_LISTENS', text);
}

/**
 * Returns the error of a request whose handler says that it failed.
 *
 * @example
 * import { requestFailed } from '@sputnikjs/messaging/connector';
 * const error = requestFailed('time', 'the clock has stopped');
 * console.log(error.code, error.message); // ASK_FAILED the responder for "time" failed: the clock has stopped
 */
export function requestFailed(target: string, why: string): SputnikError {
  return new SputnikError('ASK_FAILED', `the responder for "${target}" failed: ${why}`);
}

function late(target: string, timeoutMs: number): SputnikError {
  const text = `no reply to the request for "${target}" in ${timeoutMs} ms; the request may still be handled`;
  return new SputnikError('ASK_TIMEOUT', text);
}

function aborted(target: string, signal: AbortSignal | undefined): SputnikError {
  const text = `the request for "${target}" was aborted; it may still be handled`;
  return new SputnikError('ASK_ABORTED', text, { cause: signal?.reason });
}
