import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { isIPv6 } from 'node:net';
import type { Address } from '@sputnikjs/messaging/net';

/** The lines of /proc/net/udp and udp6: the second word is the local address, the last one the count (proc(5)). */
const LOCAL_ADDRESS = 1;

/**
 * Returns the number of datagrams that the kernel has dropped at a UDP socket of this process, since they came faster than they were read, or
 * were damaged. Undefined on systems other than Linux.
 */
export async function kernelDrops(place: Address): Promise<number | undefined> {
  const table = isIPv6(place.address) ? '/proc/net/udp6' : '/proc/net/udp';
  const text = await readFile(table, 'utf8').catch(() => '');
  const wanted = kernelAddress(place);
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const row = rows.find((words) => words[LOCAL_ADDRESS] === wanted);
  return row && Number(row.at(-1));
}

/** Formats an address as the kernel does: words of 32 bits in the byte order of the machine, in hexadecimal; then the port. */
function kernelAddress({ address, port }: Address): string {
  const octets = Buffer.from(
    isIPv6(address) ? groups(address).flatMap((group) => [group >> 8, group & 255]) : address.split('.').map(Number),
  );
  if (endianness() === 'LE') octets.swap32();
  return `${octets.toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** The eight groups of an IPv6 address. */
function groups(address: string): readonly number[] {
  // URL writes one with an IPv4 address in it without; the zone is not part of the address.
  const { hostname } = new URL(`http://[${address.replace(/%.*/, '')}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((half) =>
      half
        .split(':')
        .filter((group) => group !== '')
        .map((group) => Number.parseInt(group, 16)),
    );
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
