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

/** What a request is about: it sends to a target, consumes from a source, or asks at a target for a reply. */
export type Subject = { readonly target: string } | { readonly source: string } | { readonly asked: string };

/** Who may send, or consume, what. */
export interface Access {
  /** Returns undefined if no token has changed; otherwise a promise that resolves when the changed ones are read again. */
  refresh(): Promise<unknown> | undefined;
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
    refresh: () => undefined,
    clientOf({ headers, socket }, subject) {
      // guard: web pages do not send where there are no tokens
      if (headers.origin !== undefined)
        throw new Refused(
          'FORBIDDEN',
          'the request comes from a web page ("Origin"), and no token protects the gateway',
        );
      // guard: an open gateway is for its targets only
      if ('target' in subject && !matchers.some((fits) => fits(subject.target)))
        throw new Refused('FORBIDDEN', `the gateway accepts nothing for the target "${subject.target}"`);
      return { name: networkOf(socket.remoteAddress), token: '' };
    },
  };
}

/** Allows everybody to use any target. */
export const OPEN: Access = openAccess(['*']);

/** Allows only clients with a token. Rejects with what is wrong with the token files, without their contents. */
export async function readAccess(configs: readonly TokenConfig[], reading: Reading): Promise<Access> {
  const tokens = await Tokens.read(configs, reading);
  const known = configs.map(({ name, targets, sources = [], requests = [] }) => ({
    name,
    targets: targets.map(matcherOf),
    sources: sources.map(matcherOf),
    requests: requests.map(matcherOf),
  }));
  return {
    refresh: () => tokens.refresh(),
    clientOf({ headersDistinct: { authorization = [] } }, subject) {
      const [, shown] = /^Bearer +(\S+) *$/i.exec(authorization[0] ?? '') ?? [];
      // guard: a request has one token
      if (shown === undefined || authorization.length > 1)
        throw new Refused('UNAUTHORIZED', 'the request has no token');
      const token = known[tokens.indexOf(shown) ?? -1];
      // guard: a token is known
      if (!token) throw new Refused('UNAUTHORIZED', 'the gateway does not know the token');
      const { name } = token;
      const [patterns, what, named] = asked(token, subject);
      // guard: a token is for its targets only
      if (patterns.some((fits) => fits(named))) return { name, token: name };
      throw new Refused('FORBIDDEN', `the token "${name}" is not for the ${what} "${named}"`);
    },
  };
}

interface Allowed {
  readonly targets: readonly Matcher[];
  readonly sources: readonly Matcher[];
  readonly requests: readonly Matcher[];
}

/** What a token allows of the kind that a request is about, what it is called, and its name. */
function asked(
  { targets, sources, requests }: Allowed,
  subject: Subject,
): readonly [readonly Matcher[], string, string] {
  if ('target' in subject) return [targets, 'target', subject.target];
  if ('source' in subject) return [sources, 'source', subject.source];
  return [requests, 'target of requests', subject.asked];
}

/** Tells whether a target matches. */
export type Matcher = (target: string) => boolean;

/** Returns a function that tells whether a target matches; `*` stands for any characters. Takes time linear in the length of the target. */
export function matcherOf(pattern: string): Matcher {
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
