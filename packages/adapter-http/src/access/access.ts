import type { IncomingMessage } from 'node:http';
import type { Logger } from '@sputnikjs/core';
import { networkOf } from '../network.js';
import { Refused } from '../answer/refusals.js';
import { Tokens, type TokenConfig } from './tokens.js';

/** Who sends a request. */
export interface Client {
  /** The name of its token, or its address if there are no tokens. */
  readonly name: string;
  /** The name of its token; empty if there are none. */
  readonly token: string;
}

/** Who may send what. */
export interface Access {
  /** Undefined if all is as it was; otherwise resolves when the tokens that have changed have been read again. */
  look(): Promise<unknown> | undefined;
  /**
   * Who sends the request. Throws UNAUTHORIZED without a valid token; FORBIDDEN if that is not for the target, or if there are no
   * tokens and the request comes from a web page.
   */
  clientOf(request: IncomingMessage, target: string): Client;
}

/**
 * Lets everybody use these targets, but no web page: else any that a user of this machine visits could send messages (CORS is off).
 * A client is an address, or, of IPv6, a network.
 */
export function openAccess(targets: readonly string[]): Access {
  const matchers = targets.map(matcherOf);
  return {
    look: () => undefined,
    clientOf({ headers, socket }, target) {
      // guard: web pages do not send where there are no tokens
      if (headers.origin !== undefined)
        throw new Refused(
          'FORBIDDEN',
          'the request comes from a web page ("Origin"), and no token protects the gateway',
        );
      // guard: an open gateway is for its targets only
      if (!matchers.some((fits) => fits(target)))
        throw new Refused('FORBIDDEN', `the gateway is not for the target "${target}"`);
      return { name: networkOf(socket.remoteAddress), token: '' };
    },
  };
}

/** Lets everybody use any target. */
export const OPEN: Access = openAccess(['*']);

/** Lets in who has a token. Rejects with what is wrong with the files of the tokens, without telling what they hold. */
export async function readAccess(configs: readonly TokenConfig[], log: Logger): Promise<Access> {
  const tokens = await Tokens.read(configs, log);
  const known = configs.map(({ name, targets }) => ({ name, targets: targets.map(matcherOf) }));
  return {
    look: () => tokens.look(),
    clientOf({ headersDistinct: { authorization = [] } }, target) {
      const [, shown] = /^Bearer +(\S+) *$/i.exec(authorization[0] ?? '') ?? [];
      // guard: a request has one token
      if (shown === undefined || authorization.length > 1)
        throw new Refused('UNAUTHORIZED', 'the request has no token');
      const token = known[tokens.indexOf(shown) ?? -1];
      // guard: a token is known
      if (!token) throw new Refused('UNAUTHORIZED', 'the gateway does not know the token');
      const { name, targets } = token;
      // guard: a token is for its targets only
      if (targets.some((fits) => fits(target))) return { name, token: name };
      throw new Refused('FORBIDDEN', `the token "${name}" is not for the target "${target}"`);
    },
  };
}

/** Tells whether a target fits: `*` stands for any characters, all others for themselves. No longer than the text takes to search. */
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
