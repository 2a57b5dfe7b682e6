import { z } from 'zod';
import { fileBytes } from './file-bytes.js';

/** Paths of the TLS files of a client or a server. */
export interface TlsConfig {
  /** PEM file of the authorities to trust instead of the well-known ones. Like the other files, it is read at each connect. */
  readonly caFile?: string | undefined;
  /** PEM file of our certificate, for servers that ask for one. */
  readonly certFile?: string | undefined;
  /** PEM file of its key. */
  readonly keyFile?: string | undefined;
  /** The name in the server's certificate, if it is not the host of `url`. */
  readonly servername?: string | undefined;
}

const KEYS = ['caFile', 'certFile', 'keyFile', 'servername'] as const satisfies readonly (keyof TlsConfig)[];

/** Schemas of the keys of {@link TlsConfig}; spread them into a schema. */
export const TLS_KEYS: Readonly<Record<keyof TlsConfig, z.ZodOptional<z.ZodString>>> = {
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file of the authorities to trust. Default: the well-known ones. Like the other files, it is read at each connect.',
    ),
  certFile: z.string().min(1).optional().describe('PEM file of our certificate, for servers that ask for one.'),
  // a path is no secret, whatever it is called
  keyFile: z.string().min(1).meta({ writeOnly: false }).optional().describe('PEM file of the key of certFile.'),
  servername: z
    .string()
    .min(1)
    .optional()
    .describe("The name in the server's certificate. Default: the host of the url."),
};

/**
 * Returns the keys that do not go together, and what to do about each. `scheme` is what a url with TLS begins with; messages name it.
 *
 * @example
 * import { tlsMisfits } from '@sputnikjs/messaging/net';
 * const misfits = tlsMisfits({ certFile: 'client.pem' }, true, 'tls://');
 * console.log(misfits.join()); // keyFile,certFile and keyFile go together
 */
export function tlsMisfits(
  config: TlsConfig,
  isTls: boolean,
  scheme: string,
): readonly (readonly [key: keyof TlsConfig, message: string])[] {
  const found: [keyof TlsConfig, string][] = [];
  if ((config.certFile === undefined) !== (config.keyFile === undefined))
    found.push([config.certFile === undefined ? 'certFile' : 'keyFile', 'certFile and keyFile go together']);
  if (!isTls)
    for (const key of KEYS)
      if (config[key] !== undefined) found.push([key, `is for TLS; leave it out, or begin the url with ${scheme}`]);
  return found;
}

/** The contents of the files, and the server name, under Node's names. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

const FILES = { ca: 'caFile', cert: 'certFile', key: 'keyFile' } as const;

/**
 * Reads the files each time, so that renewed certificates are used. Rejects with an error that names the key whose file it cannot read, or whose
 * file is not PEM: with such a caFile, OpenSSL would only later say that it trusts nobody.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { readTls } from '@sputnikjs/messaging/net';
 * import { certificates } from '@sputnikjs/testkit/servers';
 * test('Node gets the files by its own names for them', async (t) => {
 *   const path = await certificates(t, 'server.test');
 *   assert.deepEqual(Object.keys(await readTls({ caFile: path('ca.pem'), servername: 'server.test' })), ['servername', 'ca']);
 * });
 */
export async function readTls(config: TlsConfig): Promise<TlsOptions> {
  const options: { ca?: Buffer; cert?: Buffer; key?: Buffer; servername?: string } = {};
  if (config.servername !== undefined) options.servername = config.servername;
  for (const option of ['ca', 'cert', 'key'] as const) {
    const path = config[FILES[option]];
    if (path !== undefined) options[option] = await readPem(FILES[option], path);
  }
  return options;
}

async function readPem(key: string, path: string): Promise<Buffer> {
  const text = fileBytes(path, `cannot read ${key}`);
  if (text.includes('-----BEGIN ')) return text;
  throw new Error(`${key} holds nothing in PEM ("-----BEGIN …"): ${path}`);
}

/**
 * Returns what is wrong with the files, a line for each. For the check before the start.
 *
 * @example
 * import { tlsProblems } from '@sputnikjs/messaging/net';
 * const problems = await tlsProblems({ caFile: '/nowhere/ca.pem' });
 * console.log(problems.join()); // cannot read caFile: ENOENT: no such file or directory, open '/nowhere/ca.pem'
 */
export async function tlsProblems(config: TlsConfig): Promise<readonly string[]> {
  const each = Object.values(FILES).map(async (key): Promise<readonly string[]> => {
    const path = config[key];
    if (path === undefined) return [];
    return readPem(key, path).then(
      () => [],
      (error: Error) => [error.message],
    );
  });
  return (await Promise.all(each)).flat();
}
