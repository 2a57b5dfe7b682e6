import { createHash, timingSafeEqual } from 'node:crypto';
import type { BlockContext } from '@sputnikjs/core';
import { FileReloader, fileText, readableByAll } from '@sputnikjs/messaging/net';

/** A token, and what it allows. */
export interface TokenConfig {
  /** Its name in the log. */
  readonly name: string;
  /** File that contains only the token; a line break at the end is allowed. */
  readonly file: string;
  /** The targets that it allows; `*` stands for any characters. */
  readonly targets: readonly string[];
  /** The sources that it may consume; `*` stands for any characters. Default: none. */
  readonly sources?: readonly string[] | undefined;
  /** The targets to which it may send requests; `*` stands for any characters. Default: none. */
  readonly requests?: readonly string[] | undefined;
}

/** What reading files needs of the context of a block. */
export type Reading = Pick<BlockContext, 'log' | 'signal'>;

/** The tokens of the gateway. Each is read again when its file has changed; if the file is unusable, the previous token stays. */
export class Tokens {
  #digests: readonly Buffer[] = [];
  readonly #files: readonly FileReloader[];

  /** Reads the files. Rejects with everything that is wrong with them, without their contents. */
  static async read(configs: readonly TokenConfig[], reading: Reading): Promise<Tokens> {
    const { log } = reading;
    const tokens = new Tokens(configs, reading);
    const { digests, problems } = await readAll(configs);
    if (problems.length > 0) throw new Error(problems.join('; '));
    tokens.#digests = digests;
    for (const { name, file } of configs) {
      const text = readableByAll(file);
      if (text !== undefined) log.warn({ event: 'readableSecret', token: name, file }, text);
    }
    return tokens;
  }

  private constructor(configs: readonly TokenConfig[], { log, signal }: Reading) {
    this.#files = configs.map(({ name, file }, index) => {
      const reload = async (): Promise<void> => {
        const digest = await readDigest(configs, index);
        const others = this.#digests.with(index, Buffer.alloc(0));
        checkDistinct(configs, index, digest, others);
        this.#digests = this.#digests.with(index, digest);
        log.info({ event: 'tokenRead', token: name }, `read the token "${name}" again`);
      };
      const unusable = (error: Error): void => {
        const text = `the file of the token "${name}" has changed and cannot be used, so the old token stays; correct the file`;
        log.warn({ event: 'tokenUnusable', token: name, error }, text);
      };
      return new FileReloader([file], { reload, unusable, signal });
    });
  }

  /** Returns undefined if no file has changed; otherwise a promise that resolves when they are read again. */
  refresh(): Promise<unknown> | undefined {
    const refreshing = this.#files.map((file) => file.refresh()).filter((one) => one !== undefined);
    return refreshing.length > 0 ? Promise.all(refreshing) : undefined;
  }

  /** Returns the index of a token. Compares the digests of all tokens, so that the time it takes says nothing about them. */
  indexOf(token: string): number | undefined {
    const digest = digestOf(token);
    let found: number | undefined;
    for (const [index, known] of this.#digests.entries()) if (timingSafeEqual(known, digest)) found = index;
    return found;
  }
}

/** Returns what is wrong with the token files, a line for each. */
export async function tokenProblems(configs: readonly TokenConfig[]): Promise<readonly string[]> {
  return (await readAll(configs)).problems;
}

async function readAll(configs: readonly TokenConfig[]) {
  const digests: Buffer[] = [];
  const problems: string[] = [];
  for (const index of configs.keys()) {
    try {
      const digest = await readDigest(configs, index);
      checkDistinct(configs, index, digest, digests);
      digests[index] = digest;
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { digests, problems };
}

/** Characters of a token (RFC 6750, section 2.1). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

async function readDigest(configs: readonly TokenConfig[], index: number): Promise<Buffer> {
  const { name = '', file = '' } = configs[index] ?? {};
  const text = fileText(file, `tokens[${index}].file: cannot read the file of the token "${name}"`);
  const token = text.replace(/\r?\n$/, '');
  if (TOKEN.test(token)) return digestOf(token);
  const allowed = 'letters, digits and -._~+/ with = at the end, in one line (RFC 6750)';
  throw new Error(`tokens[${index}].file: ${file} has no token "${name}" that can be sent; a token is ${allowed}`);
}

function checkDistinct(
  configs: readonly TokenConfig[],
  index: number,
  digest: Buffer,
  others: readonly (Buffer | undefined)[],
): void {
  const same = others.findIndex((other) => other?.equals(digest));
  if (same === -1) return;
  const names = [same, index].map((place) => `"${configs[place]?.name}"`).join(' and ');
  throw new Error(`tokens[${index}].file: the tokens ${names} are the same; give each its own`);
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
