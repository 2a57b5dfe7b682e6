import { z } from 'zod';
import { isLoopback } from '../net/loopback.js';

/** The url of a server, or the urls of some servers of a cluster. */
export type Urls = string | readonly string[];

/** Schema of {@link Urls}. */
export const URLS: z.ZodType<Urls> = z.union([z.string(), z.array(z.string()).min(1)]);

/**
 * Returns the urls as a list; it has at least one.
 *
 * @example
 * import { urlsOf } from '@sputnikjs/messaging/connector';
 * console.log(urlsOf('nats://a').length, urlsOf(['nats://a', 'nats://b']).length); // 1 2
 */
export function urlsOf(urls: Urls): readonly string[] {
  return typeof urls === 'string' ? [urls] : urls;
}

/** The parts of a server's url. */
export interface Address {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** The form of urls of a kind of server: `scheme://host:port`. */
export interface UrlForm {
  /** Scheme and default port, without TLS and with it. */
  readonly plain: { readonly scheme: string; readonly port: number };
  readonly tls: { readonly scheme: string; readonly port: number };
  /** What to write in place of a path, such as the number of a database, which other clients accept after the port. */
  readonly instead?: string | undefined;
}

/**
 * Parses and checks the urls of a kind of server.
 *
 * @example
 * import { ServerUrls } from '@sputnikjs/messaging/connector';
 * const urls = new ServerUrls({ plain: { scheme: 'nats', port: 4222 }, tls: { scheme: 'tls', port: 4222 } });
 * console.log(urls.addressOf('tls://nats.example').port); // 4222
 * console.log(urls.problem('http://nats.example')); // expected nats://host:port, or tls://host:port for TLS
 */
export class ServerUrls {
  readonly #form: UrlForm;

  constructor(form: UrlForm) {
    this.#form = form;
  }

  /** Returns what is wrong with a url, and what is expected; undefined if it is right. */
  problem(text: string): string | undefined {
    const { plain, tls, instead } = this.#form;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isOurs = url?.protocol === `${plain.scheme}:` || url?.protocol === `${tls.scheme}:`;
    if (url === undefined || !isOurs || url.hostname === '' || url.port === '0')
      return `expected ${plain.scheme}://host:port, or ${tls.scheme}://host:port for TLS`;
    if (url.username !== '' || url.password !== '')
      return 'leave user and password out of the url; give them as "username" and "password"';
    if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
      return `nothing may follow the port${instead === undefined ? '' : `; ${instead}`}`;
    return undefined;
  }

  /** Returns what is wrong with urls, each problem with its path. Either all or none must ask for TLS. */
  problems(urls: Urls): readonly (readonly [path: readonly number[], problem: string])[] {
    const found = urlsOf(urls).flatMap((url, i): [number[], string][] => {
      const problem = this.problem(url);
      return problem === undefined ? [] : [[typeof urls === 'string' ? [] : [i], problem]];
    });
    if (found.length > 0 || new Set(urlsOf(urls).map((url) => this.isTls(url))).size === 1) return found;
    return [[[], `some begin with ${this.#form.tls.scheme}:// and some do not; use the same scheme for all`]];
  }

  /** Returns true if the url asks for TLS. */
  isTls(text: string): boolean {
    return text.startsWith(`${this.#form.tls.scheme}:`);
  }

  /** Returns the first remote host to which a login goes unencrypted; undefined if there is none. */
  clearHost(urls: Urls): string | undefined {
    const addresses = urlsOf(urls).map((url) => this.addressOf(url));
    return addresses.find(({ tls, host }) => !tls && !isLoopback(host))?.host;
  }

  /** Returns the parts of a url. It must be one that {@link problem} accepts. */
  addressOf(url: string): Address {
    const { hostname, port } = new URL(url);
    const tls = this.isTls(url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return { url, host, port: Number(port) || (tls ? this.#form.tls : this.#form.plain).port, tls };
  }
}
