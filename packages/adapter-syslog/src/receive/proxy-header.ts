import { isIP } from 'node:net';
import type { Address } from '@sputnikjs/messaging/net';

const V1 = Buffer.from('PROXY ');
/** Including the line end. */
const LONGEST_V1 = 107;
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const V2_FIXED = 16;
const IPV4 = 1;
const IPV6 = 2;

/** A header of the PROXY protocol (haproxy.org, proxy-protocol.txt). */
export interface ProxyHeader {
  /** In octets. */
  readonly length: number;
  /** The sender; undefined if the proxy itself is, or does not say. */
  readonly source: Address | undefined;
}

/** Reads the header of version 1 or 2 at the beginning of `octets`; `no` if there is none, `unknown` if more octets decide. */
export function proxyHeaderOf(octets: Buffer): ProxyHeader | 'no' | 'unknown' {
  if (beginsWith(octets, V1)) return octets.length < V1.length ? 'unknown' : readV1(octets);
  if (beginsWith(octets, V2)) return octets.length < V2_FIXED ? 'unknown' : readV2(octets);
  return octets.length === 0 ? 'unknown' : 'no';
}

function beginsWith(octets: Buffer, signature: Buffer): boolean {
  const length = Math.min(octets.length, signature.length);
  return octets.subarray(0, length).equals(signature.subarray(0, length));
}

function readV1(octets: Buffer): ProxyHeader | 'no' | 'unknown' {
  const line = octets.toString('latin1', 0, LONGEST_V1);
  const lineEnd = line.indexOf('\r\n');
  if (lineEnd < 0) return line.length < LONGEST_V1 ? 'unknown' : 'no';
  const length = lineEnd + 2;
  const [, protocol = '', address = '', , digits = ''] = line.slice(0, lineEnd).split(' ');
  if (protocol === 'UNKNOWN') return { length, source: undefined };
  const family = { TCP4: 4, TCP6: 6 }[protocol];
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : NaN;
  return family !== undefined && isIP(address) === family && port <= 65_535
    ? { length, source: { address, port } }
    : 'no';
}

function readV2(octets: Buffer): ProxyHeader | 'no' | 'unknown' {
  const [version, family] = [(octets[12] as number) >> 4, (octets[13] as number) >> 4];
  const isProxied = ((octets[12] as number) & 15) === 1;
  const length = V2_FIXED + octets.readUInt16BE(14);
  if (version !== 2) return 'no';
  if (octets.length < length) return 'unknown';
  return { length, source: isProxied ? readV2Source(octets.subarray(V2_FIXED, length), family) : undefined };
}

function readV2Source(octets: Buffer, family: number): Address | undefined {
  if (family === IPV4 && octets.length >= 12)
    return { address: octets.subarray(0, 4).join('.'), port: octets.readUInt16BE(8) };
  if (family !== IPV6 || octets.length < 36) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(2 * index).toString(16));
  return { address: shortened(groups.join(':')), port: octets.readUInt16BE(32) };
}

/** Returns an IPv6 address in the form of RFC 5952. */
function shortened(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
