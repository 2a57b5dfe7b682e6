import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { isIPv6 } from 'node:net';
import type { Address } from './address.js';

/** A socket of this machine, as the tables of the kernel have it (proc(5)). */
export type KernelSocket =
  | ({ readonly protocol: 'tcp' | 'udp'; readonly listens: boolean } & Address)
  | { readonly protocol: 'unix'; readonly listens: boolean; readonly path: string };

const TABLES = [
  ['tcp', 'tcp'],
  ['tcp', 'tcp6'],
  ['udp', 'udp'],
  ['udp', 'udp6'],
] as const;
/** States: TCP that listens, UDP without a peer. */
const [LISTEN, UNCONNECTED] = ['0A', '07'];
/** Flag and type of a Unix socket that listens for streams. */
const [ACCEPTS, STREAM] = [0x10000, '0001'];

/** The sockets that the kernel knows in the network of this process, by their inodes. Empty on systems other than Linux. */
export function kernelSockets(): ReadonlyMap<string, KernelSocket> {
  const all = new Map<string, KernelSocket>();
  for (const [protocol, table] of TABLES)
    for (const [, local = '', , state, , , , , , inode = ''] of rowsOf(table))
      all.set(inode, { protocol, listens: state === LISTEN || state === UNCONNECTED, ...addressOf(local) });
  for (const [, , , flags = '', type, , inode = '', ...path] of rowsOf('unix')) {
    const listens = (Number.parseInt(flags, 16) & ACCEPTS) !== 0 && type === STREAM;
    all.set(inode, { protocol: 'unix', listens, path: path.join(' ') });
  }
  return all;
}

function rowsOf(table: string): readonly (readonly string[])[] {
  try {
    const [, ...rows] = readFileSync(`/proc/self/net/${table}`, 'utf8').trimEnd().split('\n');
    return rows.map((row) => row.trim().split(/\s+/));
  } catch {
    return [];
  }
}

/** The kernel writes words of 32 bits in the byte order of the machine, in hexadecimal; then the port. */
function addressOf(local: string): Address {
  const [hex = '', port = ''] = local.split(':');
  const octets = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') octets.swap32();
  const address = octets.length === 4 ? octets.join('.') : (octets.toString('hex').match(/.{4}/g)?.join(':') ?? '');
  return { address: canonical(address), port: Number.parseInt(port, 16) };
}

/** An address in the one form that all ways to write it have in common; without its zone. */
export function canonical(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1) : address;
}
