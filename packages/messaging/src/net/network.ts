/**
 * The part of an address that its user cannot choose: all of IPv4, the first 64 bits of IPv6 (RFC 4291, section 2.5.4).
 *
 * @example
 * import { networkOf } from '@sputnikjs/messaging/net';
 * console.log(networkOf('192.0.2.1'), networkOf('2001:db8::1')); // 192.0.2.1 2001:db8:0:0::/64
 */
export function networkOf(address = ''): string {
  if (!address.includes(':')) return address;
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0');
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`;
}
