import type { SchemaIssue } from '@sputnikjs/core';
import type { ListenerInput } from './listener-config.js';

type Raw = Readonly<Record<string, unknown>>;
type Listener = ListenerInput;

/** A configuration with our keys, and warnings about it. */
export interface Translation {
  readonly value: unknown;
  /** What is wrong, with the original's keys. */
  readonly issues: readonly SchemaIssue[];
  readonly warnings: readonly string[];
}

const KEYS = [
  'SEVERITYLEVEL',
  'ADDRTCP',
  'ADDRUDP',
  'UDSPATH',
  'ADDRTCPTLS',
  'CLIENT_CERT_PATH',
  'CLIENT_KEY_PATH',
  'ROOT_CA_PATH',
] as const;
type Key = (typeof KEYS)[number];

/** Translates a `syslogreceiver.json` of the Go original; returns undefined if it is none. Keys that the original does not have stay. */
export function fromOriginal(raw: unknown): Translation | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  // One key in the original's file ends with a blank.
  const given = new Map(Object.entries(raw).map(([key, value]) => [key.trim(), value]));
  if (!KEYS.some((key) => given.has(key))) return undefined;
  return new Translator(given).translate();
}

class Translator {
  readonly #given: ReadonlyMap<string, unknown>;
  readonly #issues: SchemaIssue[] = [];
  readonly #warnings: string[] = [];

  constructor(given: ReadonlyMap<string, unknown>) {
    this.#given = given;
  }

  translate(): Translation {
    const others = Object.fromEntries([...this.#given].filter(([key]) => !(KEYS as readonly string[]).includes(key)));
    const listeners = [this.#plain('ADDRTCP', 'tcp'), this.#plain('ADDRUDP', 'udp'), this.#tls(), this.#unix()].filter(
      (listener) => listener !== undefined,
    );
    for (const key of ['listeners', 'host', 'port', 'udp', 'tcp', 'severityLevel'])
      if (key in others)
        this.#issue(key, `does not go with ${this.#present()}; give either the new keys or the old ones`);
    if (listeners.length === 0 && this.#issues.length === 0)
      this.#issue('ADDRTCP', 'there is no address to listen at; give ADDRTCP, ADDRUDP, UDSPATH or ADDRTCPTLS');
    const value: Raw = { ...others, listeners, ...this.#severity() };
    return { value, issues: this.#issues, warnings: this.#warnings };
  }

  #plain(key: Key, transport: 'tcp' | 'udp' | 'tls'): Listener | undefined {
    const address = this.#text(key);
    if (address === '') return undefined;
    const [, bracketed, name, digits] = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(address) ?? [];
    const port = Number(digits);
    if (!(port <= 65_535)) {
      this.#issue(key, `"${address}" is not an address; expected host and port, such as "127.0.0.1:5141"`);
      return undefined;
    }
    // No host: all addresses of the machine.
    return { transport, host: bracketed || name || '0.0.0.0', port };
  }

  #tls(): Listener | undefined {
    const listener = this.#plain('ADDRTCPTLS', 'tls');
    if (listener === undefined) return undefined;
    const certFile = this.#text('CLIENT_CERT_PATH');
    const keyFile = this.#text('CLIENT_KEY_PATH');
    const caFile = this.#text('ROOT_CA_PATH');
    if (certFile === '' && keyFile === '') {
      this.#warnings.push(
        `nothing listens on ADDRTCPTLS (${this.#text('ADDRTCPTLS')}): there is no certificate. Give CLIENT_CERT_PATH and CLIENT_KEY_PATH`,
      );
      return undefined;
    }
    if (certFile === '') this.#issue('CLIENT_CERT_PATH', 'is not given; CLIENT_KEY_PATH needs it');
    if (keyFile === '') this.#issue('CLIENT_KEY_PATH', 'is not given; CLIENT_CERT_PATH needs it');
    return { ...listener, certFile, keyFile, ...(caFile !== '' && { caFile }) };
  }

  #unix(): Listener | undefined {
    const path = this.#text('UDSPATH');
    if (path === '') return undefined;
    this.#warnings.push(
      `UDSPATH (${path}) is a stream socket now, because Node has no datagram sockets. logger and syslog(3) detect that; configure other senders for it`,
    );
    return { transport: 'unix', path };
  }

  #severity(): { readonly severityLevel?: number } {
    const level = this.#given.get('SEVERITYLEVEL');
    if (level === undefined) return {};
    // The original accepts any number: above 7, all messages pass.
    if (Number.isInteger(level)) return { severityLevel: Math.min(Math.max(level as number, -1), 7) };
    this.#issue('SEVERITYLEVEL', 'expected a whole number, from -1 for nothing to 7 for everything');
    return {};
  }

  /** Empty if the key is missing, which is the same to the original. */
  #text(key: Key): string {
    const value = this.#given.get(key) ?? '';
    if (typeof value === 'string') return value;
    this.#issue(key, 'expected text');
    return '';
  }

  #issue(key: string, message: string): void {
    this.#issues.push({ path: [key], message });
  }

  #present(): string {
    return KEYS.filter((key) => this.#given.has(key)).join(', ');
  }
}
