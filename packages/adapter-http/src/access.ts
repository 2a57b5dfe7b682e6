import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Refused } from './refusals.js';

/** A token that clients may show, and what it is good for. */
export interface TokenConfig {
  /** What the log calls it. */
  readonly name: string;
  /** The file that has the token, and nothing else but a line break at its end. */
  readonly file: string;
  /** The targets that it may be used for, each as it is or with `*` for any characters. */
  readonly targets: readonly string[];
}

/** Who may send what. */
export interface Access {
  /**
   * Who sends the request: the name of the token, or the address if there are no tokens. Throws UNAUTHORIZED without a valid
   * token; FORBIDDEN if that is not for the target, or if there are no tokens and the request comes from a web page.
   */
  clientOf(request: IncomingMessage, target: string): string;
}

/** Lets everybody in, but no web page: else any that a user of this machine visits could send messages (CORS is off). */
export const OPEN: Access = {
  clientOf({ headers, socket }) {
    if (headers.origin !== undefined)
      throw new Refused('FORBIDDEN', 'the request comes from a web page ("Origin"), and no token protects the gateway');
    return socket.remoteAddress ?? '';
  },
};

interface Token {
  readonly name: string;
  readonly digest: Buffer;
  readonly targets: readonly ((target: string) => boolean)[];
}

/** Reads the tokens' files, once. Rejects with what is wrong with one, without telling its contents. */
export async function readTokens(configs: readonly TokenConfig[]): Promise<Access> {
  const tokens = await Promise.all(configs.map(readToken));
  for (const [index, { name, digest }] of tokens.entries()) {
    const same = tokens.slice(0, index).find((other) => other.digest.equals(digest));
    if (same) throw new Error(`the tokens "${same.name}" and "${name}" are the same; give each one of its own`);
  }
  return {
    clientOf({ headersDistinct: { authorization = [] } }, target) {
      const token = tokenOf(tokens, authorization);
      if (token.targets.some((fits) => fits(target))) return token.name;
      throw new Refused('FORBIDDEN', `the token "${token.name}" is not for the target "${target}"`);
    },
  };
}

/** RFC 6750, section 2.1: what a token can be made of. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

async function readToken({ name, file, targets }: TokenConfig): Promise<Token> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`cannot read the file of the token "${name}": ${(cause as Error).message}`, { cause });
  }
  const token = text.replace(/\r?\n$/, '');
  if (!TOKEN.test(token)) {
    const allowed = 'letters, digits and -._~+/ with = at the end, in one line (RFC 6750)';
    throw new Error(`${file} has no token "${name}" that can be sent; it has to be of ${allowed}`);
  }
  return { name, digest: digestOf(token), targets: targets.map(matcherOf) };
}

/** Looks at every token whichever it is, at digests of one length: how long that takes tells nothing about a token. */
function tokenOf(tokens: readonly Token[], authorization: readonly string[]): Token {
  const [, shown] = /^Bearer +(\S+) *$/i.exec(authorization[0] ?? '') ?? [];
  if (shown === undefined || authorization.length > 1) throw new Refused('UNAUTHORIZED', 'the request has no token');
  const digest = digestOf(shown);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token;
  if (!found) throw new Refused('UNAUTHORIZED', 'the gateway does not know the token');
  return found;
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
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
    return target.length - last.length >= at && target.endsWith(last);
  };
}
