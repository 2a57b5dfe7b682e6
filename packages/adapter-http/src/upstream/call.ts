import { validateHeaderValue } from 'node:http';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import type { HttpRequest } from '@sputnikjs/messaging/net';
import { traceHeaders } from '@sputnikjs/messaging/traces';
import { matcherOf, type Matcher } from '../access/access.js';
import type { HttpUpstreamConfig, Method } from './config.js';
import { UpstreamFailed } from './failures.js';
import { pathFault, pathOf } from './path.js';

/** Headers by which a request says how the upstream is to be called. */
const [METHOD, PATH] = ['method', 'path'] as const;
/** What an upstream sees of who calls. */
const USER_AGENT = 'sputnik-httpupstream';
/** Their requests mean nothing by a body. */
const BODILESS: readonly Method[] = ['GET', 'HEAD'];

type Headers = Readonly<Record<string, string>>;

/** Makes calls of requests, as far as the configuration allows. */
export class Calls {
  readonly #methods: readonly Method[];
  readonly #paths: readonly Matcher[];
  readonly #names: readonly string[];
  readonly #base: string;

  constructor({ url, methods, paths, requestHeaders }: HttpUpstreamConfig) {
    this.#methods = methods;
    this.#paths = paths.map(matcherOf);
    this.#names = requestHeaders.map((name) => name.toLowerCase());
    this.#base = new URL(url).pathname;
  }

  /** Throws what is wrong with the request, or not allowed. The host is that of the configuration, whatever it has. */
  of({ payload, contentType, headers: given = {} }: ConsumedMessage): HttpRequest & { readonly method: Method } {
    const all = lowerCased(given);
    const method = this.#methodOf(all[METHOD]);
    // guard: nothing of a request stays behind in silence
    if (payload.byteLength > 0 && BODILESS.includes(method))
      throw new UpstreamFailed('BAD_REQUEST', `${method} takes no body, and the request has one`);
    const headers: Record<string, string> = {
      'user-agent': USER_AGENT,
      // an encoded answer is for those who ask for one
      'accept-encoding': 'identity',
      // guard: only headers that are allowed are passed on
      ...Object.fromEntries(Object.entries(all).filter(([name]) => this.#names.includes(name))),
      ...(contentType !== undefined && contentType !== '' && { 'content-type': contentType }),
      ...traceHeaders(given),
    };
    for (const [name, value] of Object.entries(headers)) checkValue(name, value);
    return {
      method,
      path: this.#pathOf(all[PATH]),
      headers,
      ...((payload.byteLength > 0 || !BODILESS.includes(method)) && { body: payload }),
    };
  }

  #methodOf(name: string | undefined): Method {
    // guard: only methods that are allowed are called
    const method = name === undefined ? this.#methods[0] : this.#methods.find((one) => one === name);
    if (method === undefined)
      throw new UpstreamFailed('METHOD_NOT_ALLOWED', `the method ${JSON.stringify(name)} is not allowed`);
    return method;
  }

  #pathOf(path: string | undefined): string {
    if (path === undefined) return this.#base;
    const fault = pathFault(path);
    if (fault !== undefined) throw new UpstreamFailed('BAD_REQUEST', `the path ${JSON.stringify(path)} ${fault}`);
    // guard: only paths that are allowed are called
    if (!this.#paths.some((fits) => fits(pathOf(path))))
      throw new UpstreamFailed('FORBIDDEN', `the path ${JSON.stringify(path)} is not allowed`);
    return `${this.#base.replace(/\/$/, '')}${path}`;
  }
}

/** Other systems write the names of headers as they like; of two that are the same, both values count. */
function lowerCased(headers: Headers): Headers {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const other = found.get(name.toLowerCase());
    found.set(name.toLowerCase(), other === undefined ? value : `${other}, ${value}`);
  }
  return Object.fromEntries(found);
}

function checkValue(name: string, value: string): void {
  try {
    // guard: no header breaks out of its line
    validateHeaderValue(name, value);
  } catch (cause) {
    const text = `the header ${name} has characters that an HTTP header cannot have`;
    throw new UpstreamFailed('BAD_REQUEST', text, { cause });
  }
}
