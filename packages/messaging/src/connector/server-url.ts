import { z } from 'zod';
import { isLoopback } from '../net/loopback.js';

/** The url of a server; of a cluster, those of some of its servers. */
export type Urls = string | readonly string[];

/** Schema of {@link Urls}. */
export const URLS: z.ZodType<Urls> = z.union([z.string(), z.array(z.string()).min(1)]);

/**
 * All urls, one at least.
 *
 * @example
 * import { urlsOf } from '@sputnikjs/messaging/connector';
 * console.log(urlsOf('nats://a').length, urlsOf(['nats://a', 'nats://b']).length); // 1 2
 */
export function urlsOf(urls: Urls): readonly string[] {
  return typeof urls === 'string' ? [urls] : urls;
}

/** Where a server is. */
export interface Address {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** How the urls of a kind of server look: `scheme://host:port`. */
export interface UrlForm {
  /** What they begin with, and the port when they name none; without TLS and with it. */
  readonly plain: { readonly scheme: string; readonly port: number };
  readonly tls: { readonly scheme: string; readonly port: number };
  /** What to do with what others write behind the port, such as the number of a database. */
  readonly instead?: string | undefined;
}

/**
 * Reads the urls of a kind of server.
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

  /** What is wrong with a url, and what is expected; undefined if nothing is. */
  problem(text: string): string | undefined {
    const { plain, tls, instead } = this.#form;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isOurs = url?.protocol === `${plain.scheme}:` || url?.protocol === `${tls.scheme}:`;
    if (url === undefined || !isOurs || url.hostname === '' || url.port === '0')
      return `expected ${plain.scheme}://host:port, or ${tls.scheme}://host:port for TLS`;
    if (url.username !== '' || url.password !== '')
      return 'leave user and password out of it; give them as "username" and "password"';
    if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
      return `nothing may follow the port${instead === undefined ? '' : `; ${instead}`}`;
    return undefined;
  }

  /** What is wrong with some urls, and where among them; and that either all ask for TLS or none does. */
  problems(urls: Urls): readonly (readonly [path: readonly number[], problem: string])[] {
    const found = urlsOf(urls).flatMap((url, i): [number[], string][] => {
      const problem = this.problem(url);
      return problem === undefined ? [] : [[typeof urls === 'string' ? [] : [i], problem]];
    });
    if (found.length > 0 || new Set(urlsOf(urls).map((url) => this.isTls(url))).size === 1) return found;
    return [[[], `some begin with ${this.#form.tls.scheme}:// and some do not; use one of the two for all`]];
  }

  /** True if the url asks for TLS. */
  isTls(text: string): boolean {
    return text.startsWith(`${this.#form.tls.scheme}:`);
  }

  /** The first host, other than this machine, to which what is said at the login goes in clear; undefined if there is none. */
  clearHost(urls: Urls): string | undefined {
    const addresses = urlsOf(urls).map((url) => this.addressOf(url));
    return addresses.find(({ tls, host }) => !tls && !isLoopback(host))?.host;
  }

  /** The parts of a url in which {@link problem} finds nothing. */
  addressOf(url: string): Address {
    const { hostname, port } = new URL(url);
    const tls = this.isTls(url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return { url, host, port: Number(port) || (tls ? this.#form.tls : this.#form.plain).port, tls };
  }
}
