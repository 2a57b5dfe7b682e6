import { BlockList, isIP, isIPv6 } from 'node:net';
import type { HttpGatewayConfig } from './config.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** True if only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) > 0 && LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'));
}

/** What to warn of at the start: that strangers may send, or that others may read along. Undefined if all is well. */
export function exposureOf(
  { tokens, certFile, caFile }: Pick<HttpGatewayConfig, 'tokens' | 'certFile' | 'caFile'>,
  address: string,
): string | undefined {
  if (isLoopback(address)) return undefined;
  if (tokens.length === 0 && caFile === undefined)
    return `everybody who reaches ${address} may send messages; give "tokens", or "caFile", or listen on 127.0.0.1`;
  if (certFile === undefined)
    return `tokens and messages come to ${address} unencrypted; give "certFile" and "keyFile", or put a TLS proxy in front`;
  return undefined;
}
