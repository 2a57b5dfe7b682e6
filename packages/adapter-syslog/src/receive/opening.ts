import { proxyHeaderOf, type ProxyHeader } from './proxy-header.js';

const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const NOTHING: Buffer = Buffer.alloc(0);

/** What a connection begins with. */
export interface Opened {
  readonly proxyHeader: ProxyHeader | undefined;
  /** True if a ClientHello of TLS follows (RFC 8446 section 4.1.2). */
  readonly isTls: boolean;
  /** What came after the PROXY header. */
  readonly rest: Buffer;
}

/** Finds out what a connection begins with, before its first message. */
export class Opening {
  #come: Buffer = NOTHING;

  /** Reads the next chunk; returns undefined if it needs more. */
  read(chunk: Buffer): Opened | undefined {
    this.#come = this.#come.length === 0 ? chunk : Buffer.concat([this.#come, chunk]);
    const header = proxyHeaderOf(this.#come);
    if (header === 'unknown') return undefined;
    const rest = header === 'no' ? this.#come : this.#come.subarray(header.length);
    const isTls = beginsTls(rest);
    return isTls === 'unknown' ? undefined : opened(header, isTls === 'yes', rest);
  }

  /** The connection has ended: returns what has come; undefined if nothing has. */
  end(): Opened | undefined {
    if (this.#come.length === 0) return undefined;
    const header = proxyHeaderOf(this.#come);
    return typeof header === 'string'
      ? opened('no', false, this.#come)
      : opened(header, false, this.#come.subarray(header.length));
  }
}

function opened(header: ProxyHeader | 'no', isTls: boolean, rest: Buffer): Opened {
  return { proxyHeader: header === 'no' ? undefined : header, isTls, rest };
}

/** Tells whether `octets` begin with a TLS handshake record, of any version, whose first message is a ClientHello. */
function beginsTls(octets: Buffer): 'yes' | 'no' | 'unknown' {
  if (octets.length > 0 && octets[0] !== HANDSHAKE) return 'no';
  if (octets.length < 6) return 'unknown';
  return octets[1] === 3 && octets[5] === CLIENT_HELLO ? 'yes' : 'no';
}
