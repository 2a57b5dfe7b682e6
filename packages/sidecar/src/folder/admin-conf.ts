import { fileText, isLoopback } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import { didYouMean } from './suggest.js';

/** Where a satellite can be looked at and controlled, and by whom. */
export interface AdminSettings {
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket, in place of host and port. */
  readonly socket?: string | undefined;
  /** The permissions of the socket, in octal. */
  readonly mode: string;
  /** Names that it is reached by, beside `localhost`. */
  readonly hosts: readonly string[];
  /** The file that has the token. */
  readonly tokenFile?: string | undefined;
  /** Anybody who can reach the port may look, without a token. */
  readonly unprotected: boolean;
  /** Responsibilities of the blocks whose messages may be looked at; `*` stands for all. */
  readonly tap: readonly string[];
  readonly readyz: {
    /** Not ready while the server is away. */
    readonly requireServer: boolean;
    /** Not ready while a message has waited for longer, in milliseconds. */
    readonly maxAgeMs: number;
  };
}

const text = z.string().min(1);

/** `admin` of `sputnik.json`. */
export const AdminConf: z.ZodType<AdminSettings> = z
  .strictObject({
    host: text
      .default('127.0.0.1')
      .describe('Address to listen on. Beyond this machine only with a token, or "unprotected".'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(9470)
      .describe('Port to listen on; 0 takes a free one, and the log says which.'),
    socket: text.optional().describe('Path of a Unix socket to listen on, in place of host and port.'),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, 'expected permissions in octal, such as "660"')
      .default('600')
      .describe('Who may connect to the socket, as permissions in octal.'),
    hosts: z
      .array(text.toLowerCase())
      .default([])
      .describe(
        'Names under which the satellite is reached, in addition to localhost and addresses. A request for another name is refused.',
      ),
    tokenFile: text
      .optional()
      // the path is none
      .meta({ writeOnly: false })
      .describe(
        'File that contains the token. Whoever has the token may control the satellite, and look from other machines.',
      ),
    unprotected: z.boolean().default(false).describe('Anybody who can reach the port may look, without a token.'),
    tap: z
      .array(text)
      .default([])
      .describe(
        'Responsibilities of the blocks whose messages "tap" may show, unchanged; "*" stands for all. Only with the token, or over the socket.',
      ),
    readyz: z
      .strictObject({
        requireServer: z.boolean().default(true).describe('Not ready while the server is away.'),
        maxAgeMs: z
          .number()
          .positive()
          .default(60_000)
          .describe('Not ready while a message has waited for longer, in milliseconds.'),
      })
      .prefault({})
      .describe('When the satellite is ready.'),
  })
  .refine(
    ({ host, socket, tokenFile, unprotected }) =>
      // guard: the admin endpoints are open to others only if the configuration says so
      socket !== undefined || tokenFile !== undefined || unprotected || isLoopback(host),
    {
      path: ['host'],
      message:
        'everybody who can reach this address could look at the satellite; give "tokenFile", or set "unprotected": true, or listen on 127.0.0.1',
    },
  )
  .refine(({ tap, socket, tokenFile }) => tap.length === 0 || socket !== undefined || tokenFile !== undefined, {
    path: ['tap'],
    message: 'nobody could tap: give "tokenFile", or listen on a "socket"',
  });

/** Problems that no schema finds: a token file without a token, blocks to tap that do not exist. One line each. */
export async function adminProblems(
  { tokenFile, tap }: AdminSettings,
  blocks: readonly string[],
): Promise<readonly string[]> {
  const unknown = tap.filter((block) => block !== '*' && !blocks.includes(block));
  const strays = unknown.map((block) => {
    const near = didYouMean(block, blocks);
    return `admin.tap: there is no block "${block}"${near && `,${near}`}`;
  });
  return [...strays, ...(await tokenProblems(tokenFile))];
}

async function tokenProblems(tokenFile: string | undefined): Promise<readonly string[]> {
  if (tokenFile === undefined) return [];
  try {
    const token = fileText(tokenFile, 'admin.tokenFile: cannot read the token').trim();
    return /^[\x21-\x7E]+$/.test(token)
      ? []
      : [`admin.tokenFile: ${tokenFile} has no token: one line of visible ASCII`];
  } catch (error) {
    return [(error as Error).message];
  }
}
