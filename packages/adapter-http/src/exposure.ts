import { isLoopback } from '@sputnikjs/messaging/net';
import type { HttpGatewayConfig } from './config.js';

/** Returns the warning to log at the start: strangers may send, or others can read messages. Undefined if neither is so. */
export function exposureOf(
  {
    tokens,
    certFile,
    caFile,
    consume,
    request,
  }: Pick<HttpGatewayConfig, 'tokens' | 'certFile' | 'caFile' | 'consume' | 'request'>,
  address: string,
): string | undefined {
  if (isLoopback(address)) return undefined;
  if (tokens.length === 0 && caFile === undefined)
    return `everybody who reaches ${address} may send messages${consume === undefined ? '' : ', and consume'}${request === undefined ? '' : ', and request'}; give "tokens", or "caFile", or listen on 127.0.0.1`;
  if (certFile === undefined)
    return `tokens and messages come to ${address} unencrypted; give "certFile" and "keyFile", or put a TLS proxy in front`;
  return undefined;
}
