import { readFile } from 'node:fs/promises';
import { isLoopback } from '@sputnikjs/messaging/net';
import { z } from 'zod';

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
  /** Whoever reaches the port may look, without a token. */
  readonly unprotected: boolean;
  readonly readyz: {
    /** Not ready while the server is away. */
    readonly requireServer: boolean;
    /** Not ready while a message has waited for longer, in milliseconds. */
    readonly maxAgeMs: number;
  };
}

const READYZ = { requireServer: true, maxAgeMs: 60_000 } as const;
const text = z.string().min(1);

/** `admin` of `sputnik.json`. */
export const AdminConf: z.ZodType<AdminSettings> = z
  .strictObject({
    host: text.default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(9470),
    socket: text.optional(),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, 'expected permissions in octal, such as "660"')
      .default('600'),
    hosts: z.array(text.toLowerCase()).default([]),
    tokenFile: text.optional(),
    unprotected: z.boolean().default(false),
    readyz: z
      .strictObject({
        requireServer: z.boolean().default(READYZ.requireServer),
        maxAgeMs: z.number().positive().default(READYZ.maxAgeMs),
      })
      .default(READYZ),
  })
  .refine(
    ({ host, socket, tokenFile, unprotected }) =>
      // guard: the admin endpoints are open to others only where somebody said so
      socket !== undefined || tokenFile !== undefined || unprotected || isLoopback(host),
    {
      path: ['host'],
      message:
        'everybody who reaches this address could look at the satellite; give "tokenFile", or say "unprotected": true, or listen on 127.0.0.1',
    },
  );

/** What no schema finds: a token file that has no token. One line each. */
export async function adminProblems({ tokenFile }: AdminSettings): Promise<readonly string[]> {
  if (tokenFile === undefined) return [];
  try {
    const token = (await readFile(tokenFile, 'utf8')).trim();
    return /^[\x21-\x7E]+$/.test(token)
      ? []
      : [`admin.tokenFile: ${tokenFile} has no token: one line of visible ASCII`];
  } catch (error) {
    return [`admin.tokenFile: cannot read the token: ${(error as Error).message}`];
  }
}
