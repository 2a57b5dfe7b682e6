import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { textOf } from '../text.js';
import type { Status } from '../admin/status.js';

/** Where the admin endpoints of a satellite are, and how to get in. */
export interface AdminAddress {
  /** A URL, or the path of a Unix socket. */
  readonly admin: string;
  readonly tokenFile?: string | undefined;
}

export const DEFAULT_ADMIN = 'http://127.0.0.1:9470';

const ANSWER_MS = 5_000;

/** How a running satellite is. Rejects with an Error that says where it was looked for, and what to do. */
export async function fetchStatus({ admin, tokenFile }: AdminAddress): Promise<Status> {
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { status, body } = await get(admin, headers).catch((error: unknown) => {
    throw new Error(
      `no satellite answers at ${admin}: ${textOf(error)}; is it running, with "admin" in sputnik.json?`,
      {
        cause: error,
      },
    );
  });
  if (status === 401) throw new Error(`${admin} asks for a token; give --token-file`);
  if (status !== 200) throw new Error(`${admin} answers ${status}: ${body.trim()}`);
  return JSON.parse(body) as Status;
}

function get(admin: string, headers: Readonly<Record<string, string>>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const isUrl = admin.startsWith('http://');
    const where = isUrl ? hostOf(admin) : { socketPath: admin };
    const options = { ...where, path: '/status', headers, timeout: ANSWER_MS };
    const sent = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    sent.on('error', reject);
    sent.end();
  });
}

function hostOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 80 : port) };
}
