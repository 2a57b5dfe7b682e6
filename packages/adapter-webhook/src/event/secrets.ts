import { createHmac } from 'node:crypto';
import type { BlockContext } from '@sputnikjs/core';
import { FileReloader, fileText, readableByAll } from '@sputnikjs/messaging/net';

/** Where secrets come from: one of both. */
export interface SecretConfig {
  /** The secrets themselves, separated by white space. */
  readonly secret?: string | undefined;
  /** File that has them. */
  readonly secretFile?: string | undefined;
}

/** What the signature of a request is made of. */
export interface Signed {
  readonly webhookId: string;
  /** Unix time of the attempt, in seconds. */
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/** The secrets that requests are signed with. Those of a file are read again when it has changed; if it is unusable then, the previous ones stay. */
export class Secrets {
  #keys: readonly Buffer[] = [];
  readonly #file: FileReloader | undefined;

  /** Rejects with what is wrong with the secrets, without showing them. */
  static async read(config: SecretConfig, context: Pick<BlockContext, 'log' | 'signal'>): Promise<Secrets> {
    const secrets = new Secrets(config, context);
    secrets.#keys = await readKeys(config);
    const { secretFile: file } = config;
    const text = file === undefined ? undefined : readableByAll(file);
    if (text !== undefined) context.log.warn({ event: 'readableSecret', file }, text);
    return secrets;
  }

  private constructor(config: SecretConfig, { log, signal }: Pick<BlockContext, 'log' | 'signal'>) {
    const { secretFile: file } = config;
    if (file === undefined) return;
    const reload = async (): Promise<void> => {
      this.#keys = await readKeys(config);
      log.info({ event: 'webhookSecretRead', count: this.#keys.length }, 'read the file of secrets again');
    };
    const unusable = (error: Error): void => {
      const text =
        'the file of secrets has changed and cannot be used, so the old secrets stay in use; correct the file';
      log.warn({ event: 'webhookSecretUnusable', error }, text);
    };
    this.#file = new FileReloader([file], { reload, unusable, signal });
  }

  /** Resolves with the headers that sign a request (Standard Webhooks 1.0.0): one signature for each secret. */
  async sign({ webhookId, timestamp, body }: Signed): Promise<Readonly<Record<string, string>>> {
    await this.#file?.refresh();
    const signatures = this.#keys.map((key) => {
      const hmac = createHmac('sha256', key).update(`${webhookId}.${timestamp}.`).update(body);
      return `v1,${hmac.digest('base64')}`;
    });
    return {
      'webhook-id': webhookId,
      'webhook-timestamp': `${timestamp}`,
      'webhook-signature': signatures.join(' '),
    };
  }
}

/** Returns what is wrong with the secrets, a line for each fault. */
export async function secretProblems(config: SecretConfig): Promise<readonly string[]> {
  return readKeys(config).then(
    () => [],
    (error: Error) => [error.message],
  );
}

async function readKeys({ secret, secretFile }: SecretConfig): Promise<readonly Buffer[]> {
  if (secretFile === undefined) return keysIn(secret ?? '', 'secret');
  return keysIn(fileText(secretFile, 'secretFile: cannot read it'), `secretFile: ${secretFile}`);
}

const PREFIX = 'whsec_';
/** Bytes of a secret (Standard Webhooks 1.0.0, "Signature scheme"). */
const [SHORTEST, LONGEST] = [24, 64];

function keysIn(text: string, where: string): readonly Buffer[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) throw new Error(`${where}: there is no secret; ${ADVICE}`);
  return words.map((word, index) => {
    const base64 = word.startsWith(PREFIX) ? word.slice(PREFIX.length) : '';
    const key = Buffer.from(base64, 'base64');
    // guard: a secret is as long as the specification has it
    if (isBase64(base64) && key.length >= SHORTEST && key.length <= LONGEST) return key;
    throw new Error(
      `${where}: secret ${index + 1} of ${words.length} is not "${PREFIX}" and base64 of 24 to 64 bytes; ${ADVICE}`,
    );
  });
}

const ADVICE = 'make one with: echo "whsec_$(openssl rand -base64 32)"';

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z\d+/]+={0,2}$/.test(text);
}
