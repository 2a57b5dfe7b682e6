import { passedHint } from '@sputnikjs/messaging/net';
import type { Logger } from '@sputnikjs/core';
import { refusal, type Answer } from './answers.js';
import { Refused, type RefusalCode } from './refusals.js';

/** Returns the answer to an error while a request was read. Logs our errors, not those of clients. */
export function errorAnswer(
  error: { code?: string; statusCode?: number | undefined; message: string },
  log: Logger,
): Answer {
  if (error instanceof Refused) return refusal(error.code, error.message);
  const { code, statusCode = 500, message } = error;
  if (statusCode < 500) return refusal('BAD_REQUEST', message);
  log.error({ event: 'requestFailed', code, error }, 'a request failed; this is a fault of the gateway');
  return refusal('INTERNAL');
}

/** Returns the answer to what the HTTP parser cannot read, or what does not come in time. */
export function clientErrorAnswer({ code, message }: NodeJS.ErrnoException): Answer {
  return refusal(CLIENT_ERRORS[code ?? ''] ?? 'BAD_REQUEST', message);
}

const CLIENT_ERRORS: Readonly<Record<string, RefusalCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};

/** Returns an error that says where the gateway cannot listen, why, and what to do. */
export function listenError(host: string, port: number, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const hint = HINTS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new Error(`httpgateway cannot listen on ${authority(host, port)}: ${hint}${passedHint()}`, { cause });
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop what listens there, or set another "port" (0 takes a free one)',
  EACCES: 'this user may not open the port; set a "port" above 1023',
  EADDRNOTAVAIL: 'the host is not an address of this machine; set "host" to one that is',
  ENOTFOUND: 'the host name is not known; set "host" to an address of this machine',
};

/** Returns `host:port`, with an IPv6 address in brackets. */
export function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
