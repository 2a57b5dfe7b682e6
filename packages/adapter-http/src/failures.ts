import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '@sputnikjs/core';
import { refusal, type Answer } from './answers.js';
import { Refused, type RefusalCode } from './refusals.js';

/** What an error that came up while reading a request is answered with. Ours are logged, the client's are not. */
export function errorAnswer(
  error: { code?: string; statusCode?: number | undefined; message: string },
  log: Logger,
): Answer {
  if (error instanceof Refused) return refusal(error.code, error.message);
  const { code, statusCode = 500, message } = error;
  if (statusCode < 500) return refusal('BAD_REQUEST', message);
  log.error({ event: 'requestFailed', code, err: error }, 'a request failed');
  return refusal('INTERNAL');
}

/** Answers what the HTTP parser could make nothing of, and closes that connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (socket.writable && error.code !== 'ECONNRESET') {
    const { status, headers, body } = refusal(clientErrorCode(error.code), error.message);
    const text = JSON.stringify(body);
    const fields = { ...headers, connection: 'close', 'content-length': Buffer.byteLength(text) };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`);
  }
  socket.destroy();
}

function clientErrorCode(code: string | undefined): RefusalCode {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TIMEOUT';
  return code === 'HPE_HEADER_OVERFLOW' ? 'HEADERS_TOO_LARGE' : 'BAD_REQUEST';
}

/** Why the gateway cannot listen, where, and what to do. */
export function listenError(host: string, port: number, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const hint = HINTS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new Error(`httpgateway cannot listen on ${authority(host, port)}: ${hint}`, { cause });
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop what listens there, or set another "port" (0 takes a free one)',
  EACCES: 'this user may not open the port; set a "port" above 1023',
  EADDRNOTAVAIL: 'the host is no address of this machine; set "host" to one that is',
  ENOTFOUND: 'the host name is not known; set "host" to an address of this machine',
};

/** `host:port`, an IPv6 address in brackets. */
export function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
