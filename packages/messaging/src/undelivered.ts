import { SputnikError } from '@sputnikjs/core';
import type { ProduceMessage } from './contract.js';
import { hasCode } from './has-code.js';

/** The satellite lands first; `cause` is a lost connection, or a server without room. */
export function undelivered({ target }: ProduceMessage, cause?: unknown): SputnikError {
  const isFull = hasCode(cause, 'SERVER_FULL');
  const state = isFull ? 'has no room' : 'is away';
  const text = `the satellite landed while the server ${state}: the message for "${target}" was not delivered`;
  return new SputnikError(isFull ? 'SERVER_FULL' : 'CONNECTION_LOST', text, { cause });
}

/** The connection ended, and the message is not sent again: its sender hears of it. */
export function lostUnderWay({ target }: ProduceMessage): SputnikError {
  const text = `the connection to the server is lost; it may have the message for "${target}", or not`;
  return new SputnikError('CONNECTION_LOST', text);
}

/**
 * So many connections ended when only this message had been sent: some servers cut the connection at a message, as MQTT servers do if it is too
 * large, and would do so again and again.
 */
export function givenUp({ target, payload }: ProduceMessage, cuts: number, cause: unknown): SputnikError {
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const text = `gave up on the message for "${target}" (${size} bytes): ${cuts} connections ended after nothing but this message; check the server's log, and its limit for the size of messages`;
  return new SputnikError('SERVER_REFUSED', text, { cause });
}
