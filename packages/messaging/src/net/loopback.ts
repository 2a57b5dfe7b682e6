import { BlockList, isIP, isIPv6 } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * True if only this machine reaches what listens there.
 *
 * @example
 * import { isLoopback } from '@sputnikjs/messaging/net';
 * console.log(['127.0.0.1', 'localhost', '0.0.0.0', '192.0.2.1'].map(isLoopback).join()); // true,true,false,false
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) > 0 && LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'));
}
