/** Address and port of a host. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/**
 * As one writes an address and a port.
 *
 * @example
 * import { placeOf } from '@sputnikjs/messaging/net';
 * console.log(placeOf({ address: '::1', port: 514 })); // [::1]:514
 */
export function placeOf({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * The address of a sender. One of IPv4 that came to a socket of IPv6 is as it would be without.
 *
 * @example
 * import { plainAddress } from '@sputnikjs/messaging/net';
 * console.log(plainAddress('::ffff:192.0.2.1')); // 192.0.2.1
 */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
