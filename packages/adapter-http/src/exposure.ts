import { isLoopback } from '@sputnikjs/messaging/net';
import type { HttpGatewayConfig } from './config.js';

/** Returns the warning to log at the start: strangers may send, or others can read messages. Undefined if neither is so. */
export function exposureOf(
  { tokens, certFile, caFile, consume }: Pick<HttpGatewayConfig, 'tokens' | 'certFile' | 'caFile' | 'consume'>,
  address: string,
): string | undefined {
  if (isLoopback(address)) return undefined;
  if (tokens.length === 0 && caFile === undefined)
    return `everybody who reaches ${address} may send messages${consume === undefined ? '' : ', and consume'}; give "tokens", or "caFile", or listen on 127.0.0.1`;
  if (certFile === undefined)
    return `tokens and messages come to ${address} unencrypted; give "certFile" and "keyFile", or put a TLS proxy in front`;
  return undefined;
}
