import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '@sputnikjs/core';
import type { TlsOptions } from '@sputnikjs/messaging/net';
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
  /** Read anew for each connection. */
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
  readonly #lookup: LookupFunction;
  readonly #agents: readonly [Agent, TlsAgent];

  constructor(options: ClientOptions) {
    const kept = { keepAlive: true, maxSockets: options.connections, timeout: options.timeoutMs };
    this.#options = options;
    this.#lookup = checkedLookup(options.isAllowed);
    this.#agents = [new Agent(kept), new TlsAgent(kept)];
  }

  /** Closes the connections. */
  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /**
   * Posts to a URL; resolves with the answer, whatever its status. Rejects if there is none in time. Follows redirects that keep the method (307,
   * 308) and stay on the host.
   */
  async post(url: URL, posting: Posting): Promise<Answer> {
    const { clock, timeoutMs, signal } = this.#options;
    const over = new AbortController();
    const giveUp = (): void => over.abort(new Error('the satellite lands'));
    const cancel = clock.after(timeoutMs, () => over.abort(new TimedOut(timeoutMs)));
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    try {
      let at = url;
      for (let redirects = 0; ; redirects++) {
        const answer = await this.#send(at, posting, over.signal);
        const next = redirects < MOST_REDIRECTS ? redirectOf(at, answer) : undefined;
        if (next === undefined) return answer;
        at = next;
      }
    } finally {
      cancel();
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #send(url: URL, posting: Posting, signal: AbortSignal): Promise<Answer> {
    const host = hostOf(url);
    // guard: an address in the URL is checked as those of names are
    if (isIP(host) > 0 && !this.#options.isAllowed(host)) throw new AddressRefused(host, [host]);
    const tls = url.protocol === 'https:' ? await this.#options.tls() : undefined;
    try {
      return await this.#exchange(url, posting, tls, signal);
    } catch (error) {
      // the receiver has closed a connection that was kept, while the request was on its way there
      // guard: a kept connection that its server closes costs no attempt
      if (!(error instanceof Stale)) throw error;
      return await this.#exchange(url, posting, tls, signal);
    }
  }

  async #exchange(
    url: URL,
    { headers, body }: Posting,
    tls: TlsOptions | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const [plainAgent, tlsAgent] = this.#agents;
    const options = {
      method: 'POST',
      headers: { 'user-agent': USER_AGENT, ...headers, 'content-length': `${body.byteLength}` },
      lookup: this.#lookup,
    };
    const request =
      tls === undefined
        ? httpRequest(url, { ...options, agent: plainAgent })
        : tlsRequest(url, { ...options, ...tls, agent: tlsAgent });
    return await answerOf(await responseTo(request, body, signal));
  }
}

/** A connection that was kept turned out to be closed. */
class Stale extends Error {}

class TimedOut extends Error {
  readonly code = 'TIMEOUT';

  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
  }
}

function responseTo(request: ClientRequest, body: Uint8Array, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const abort = (): void => void request.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '');
      reject(isStale && !signal.aborted ? new Stale(error.message, { cause: error }) : error);
    });
    request.on('close', () => signal.removeEventListener('abort', abort));
    request.on('response', resolve);
    // Node would cut the connection, and say nothing
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new Error('the answer was 101, to switch protocols'));
    });
    request.end(body);
  });
}

/** Where the same host wants the request instead; undefined if nowhere, or elsewhere. */
function redirectOf(url: URL, { status, location }: Answer): URL | undefined {
  if ((status !== 307 && status !== 308) || location === undefined || !URL.canParse(location, url.href))
    return undefined;
  const next = new URL(location, url);
  // guard: redirects stay on the host
  return next.origin === url.origin ? next : undefined;
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
