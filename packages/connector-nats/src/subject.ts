import { SputnikError } from '@sputnikjs/core';

/** With reply and sizes a subject has to fit into the 4,096 bytes that servers take as a line; else they end the connection. */
const MAX_BYTES = 3900;

/** Control codes and white space end a line, or a part of it; half pairs would become something else. */
const UNWELCOME = /[\s\p{Cc}\p{Surrogate}]/u;
/** What most subjects look like; nothing is wrong with these. */
const PLAIN = /^[A-Za-z0-9-][\w-]*(?:\.[\w-]+)*$/;
/**
 * Subjects that servers and libraries use themselves: their API, acknowledgements, key-value and object stores, services, MQTT sessions ($JS,
 * $SYS, $KV, $O, $SRV, $MQTT …), and answers, which would settle what somebody else waits for.
 */
const RESERVED = /^(?:\$|(?:_INBOX|_R_|_GR_)(?:\.|$))/;

/**
 * Returns why a message cannot be published to `target`, or undefined. Servers split a line at spaces, and treat wildcards as plain characters: one
 * bad message must not harm the others, nor end up where nobody looks for it.
 */
export function targetProblem(target: string): string | undefined {
  if (target.length <= MAX_BYTES && PLAIN.test(target)) return undefined;
  if (/[*>]/.test(target)) return 'a subject to publish to has no wildcards (*, >)';
  // guard: messages go to nothing of the server
  if (RESERVED.test(target)) return 'subjects that begin with $, or with _INBOX, _R_ or _GR_, belong to the server';
  return textProblem(target);
}

/**
 * Returns why a reply cannot be published to `target`, or undefined. Who asks names it: an inbox as a rule, and never a subject by which we would
 * command the server in their place.
 */
export function replyProblem(target: string): string | undefined {
  if (/[*>]/.test(target)) return 'a subject to publish to has no wildcards (*, >)';
  // guard: replies go to nothing of the server
  if (target.startsWith('$')) return 'subjects that begin with $ belong to the server';
  return textProblem(target);
}

/** Returns why nobody can subscribe to `source`, or undefined. */
export function sourceProblem(source: string): string | undefined {
  const tokens = source.split('.');
  const isStray = (token: string, i: number): boolean =>
    /[*>]/.test(token) && token !== '*' && (token !== '>' || i < tokens.length - 1);
  if (tokens.some(isStray)) return 'the wildcards * and > stand for whole tokens, and > for the last';
  return textProblem(source);
}

/** Throws BAD_CONFIG if nobody can subscribe to `source`. */
export function checkSource(source: string): void {
  const problem = sourceProblem(source);
  if (problem !== undefined)
    throw new SputnikError('BAD_CONFIG', `cannot consume from ${JSON.stringify(source)}: ${problem}`);
}

function textProblem(text: string): string | undefined {
  if (text === '') return 'a subject has at least one character';
  if (UNWELCOME.test(text)) return 'a subject has no white space, control characters or broken characters';
  if (text.split('.').includes('')) return 'a subject has no empty token, at an end or between two dots';
  if (Buffer.byteLength(text) > MAX_BYTES) return `a subject is no longer than ${MAX_BYTES} bytes`;
  return undefined;
}

/** Returns true if `wide` matches every subject that `narrow` matches. */
export function covers(wide: string, narrow: string): boolean {
  const tokens = narrow.split('.');
  const wanted = wide.split('.');
  for (const [i, want] of wanted.entries()) {
    const token = tokens[i];
    if (token === undefined) return false;
    if (want === '>') return true;
    if (token === '>' || (want !== '*' && want !== token)) return false;
  }
  return wanted.length === tokens.length;
}
