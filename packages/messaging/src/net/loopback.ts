import { BlockList, isIP, isIPv6 } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * True if a host is this machine: nobody else can read traffic to it, or reach its listeners.
 *
 * @example
 * import { isLoopback } from '@sputnikjs/messaging/net';
 * console.log(isLoopback('127.0.0.2'), isLoopback('::1'), isLoopback('127.example')); // true true false
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) > 0 && LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'));
}
