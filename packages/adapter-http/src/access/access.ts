import type { IncomingMessage } from 'node:http';
import { networkOf } from '@sputnikjs/messaging/net';
import { Refused } from '../answer/refusals.js';
import { Tokens, type Reading, type TokenConfig } from './tokens.js';

/** The sender of a request. */
export interface Client {
  /** Name of its token, or its address if the gateway has no tokens. */
  readonly name: string;
  /** Name of its token; empty if the gateway has no tokens. */
  readonly token: string;
}

/** What a request is about: it sends to a target, or consumes from a source. */
export type Subject = { readonly target: string } | { readonly source: string };

/** Who may send, or consume, what. */
export interface Access {
  /** Returns undefined if no token has changed; otherwise a promise that resolves when the changed ones are read again. */
  look(): Promise<unknown> | undefined;
  /**
   * Returns the sender of a request. Throws UNAUTHORIZED if it has no valid token; FORBIDDEN if its token is not for the target or source, or if the
   * gateway has no tokens and a web page sent the request.
   */
  clientOf(request: IncomingMessage, subject: Subject): Client;
}

/**
 * Allows everybody to use these targets, except web pages: otherwise every page that a user of this machine visits could send messages (CORS
 * is off). A client is an IPv4 address or an IPv6 network.
 */
export function openAccess(targets: readonly string[]): Access {
  const matchers = targets.map(matcherOf);
  return {
    look: () => undefined,
    clientOf({ headers, socket }, subject) {
      // guard: web pages do not send where there are no tokens
      if (headers.origin !== undefined)
        throw new Refused(
          'FORBIDDEN',
          'the request comes from a web page ("Origin"), and no token protects the gateway',
        );
      // guard: an open gateway is for its targets only
      if ('target' in subject && !matchers.some((fits) => fits(subject.target)))
        throw new Refused('FORBIDDEN', `the gateway is not for the target "${subject.target}"`);
      return { name: networkOf(socket.remoteAddress), token: '' };
    },
  };
}

/** Allows everybody to use any target. */
export const OPEN: Access = openAccess(['*']);

/** Allows only clients with a token. Rejects with what is wrong with the token files, without their contents. */
export async function readAccess(configs: readonly TokenConfig[], reading: Reading): Promise<Access> {
  const tokens = await Tokens.read(configs, reading);
  const known = configs.map(({ name, targets, sources = [] }) => ({
    name,
    targets: targets.map(matcherOf),
    sources: sources.map(matcherOf),
  }));
  return {
    look: () => tokens.look(),
    clientOf({ headersDistinct: { authorization = [] } }, subject) {
      const [, shown] = /^Bearer +(\S+) *$/i.exec(authorization[0] ?? '') ?? [];
      // guard: a request has one token
      if (shown === undefined || authorization.length > 1)
        throw new Refused('UNAUTHORIZED', 'the request has no token');
      const token = known[tokens.indexOf(shown) ?? -1];
      // guard: a token is known
      if (!token) throw new Refused('UNAUTHORIZED', 'the gateway does not know the token');
      const { name, targets, sources } = token;
      const [patterns, what, named] =
        'target' in subject ? [targets, 'target', subject.target] : [sources, 'source', subject.source];
      // guard: a token is for its targets only
      if (patterns.some((fits) => fits(named))) return { name, token: name };
      throw new Refused('FORBIDDEN', `the token "${name}" is not for the ${what} "${named}"`);
    },
  };
}

/** Returns a function that tells whether a target matches; `*` stands for any characters. Takes time linear in the length of the target. */
export function matcherOf(pattern: string): (target: string) => boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (target) => target === first;
  return (target) => {
    if (!target.startsWith(first)) return false;
    let at = first.length;
    for (const part of others) {
      const found = target.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    // guard: the parts of a pattern do not overlap
    return target.length - last.length >= at && target.endsWith(last);
  };
}
