import { isIP } from 'node:net';
import type { Clock } from '@sputnikjs/core';
import { hostOf, HttpConnections, NoAnswer, within, type TlsOptions } from '@sputnikjs/messaging/net';
import { answerOf, type Answer } from './answer.js';
import { AddressRefused, checkedLookup } from './lookup.js';

/** Redirects to the same host that one attempt follows. */
const MOST_REDIRECTS = 3;
/** What a receiver sees of who sends. */
const USER_AGENT = 'sputnik-webhook';

/** What a client needs. */
export interface ClientOptions {
  readonly isAllowed: (address: string) => boolean;
  /** How long an attempt may take, until the answer is there, in milliseconds. */
  readonly timeoutMs: number;
  /** Connections at most. */
  readonly connections: number;
  /** Read anew for each request. */
  readonly tls: () => Promise<TlsOptions>;
  readonly clock: Clock;
  /** Aborts when requests are to be given up. */
  readonly signal: AbortSignal;
}

/** A request to make. */
export interface Posting {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Sends requests to addresses that are allowed, over connections that it keeps. */
export class Client {
  readonly #options: ClientOptions;
  readonly #connections: HttpConnections;

  constructor(options: ClientOptions) {
    const { connections, timeoutMs: idleMs, isAllowed, tls, clock } = options;
    this.#options = options;
    this.#connections = new HttpConnections({ connections, idleMs, lookup: checkedLookup(isAllowed), tls, clock });
  }

  /** Closes the connections. */
  close(): void {
    this.#connections.close();
  }

  /**
   * Posts to a URL; resolves with the answer, whatever its status. Rejects if there is none in time. Follows redirects that keep the method (307,
   * 308) and stay on the host.
   */
  async post(url: URL, posting: Posting): Promise<Answer> {
    return await within(this.#options.timeoutMs, this.#options, async (over) => {
      let at = url;
      for (let redirects = 0; ; redirects++) {
        const answer = await this.#send(at, posting, over);
        const next = redirects < MOST_REDIRECTS ? redirectOf(at, answer) : undefined;
        if (next === undefined) return answer;
        at = next;
      }
    });
  }

  async #send(url: URL, { headers, body }: Posting, signal: AbortSignal): Promise<Answer> {
    const host = hostOf(url);
    // guard: an address in the URL is checked as those of names are
    if (isIP(host) > 0 && !this.#options.isAllowed(host)) throw new AddressRefused(host, [host]);
    const request = { method: 'POST', headers: { 'user-agent': USER_AGENT, ...headers }, body };
    try {
      return await answerOf(await this.#connections.send(url, request, signal));
    } catch (error) {
      // guard: a kept connection that its server closes costs no attempt
      if (!(error instanceof NoAnswer) || error.connection !== 'stale' || signal.aborted) throw error;
      return await answerOf(await this.#connections.send(url, request, signal));
    }
  }
}

/** Where the same host wants the request instead; undefined if nowhere, or elsewhere. */
function redirectOf(url: URL, { status, location }: Answer): URL | undefined {
  if ((status !== 307 && status !== 308) || location === undefined || !URL.canParse(location, url.href))
    return undefined;
  const next = new URL(location, url);
  // guard: redirects stay on the host
  if (next.origin !== url.origin) return undefined;
  // guard: a redirect brings no password
  return next.username === '' && next.password === '' ? next : undefined;
}
