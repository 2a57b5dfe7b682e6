import { readFile } from 'node:fs/promises';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';
import { printable, textOf } from '../text.js';
import type { Status } from '../admin/status.js';

/** The admin endpoints of a satellite: address and token. */
export interface AdminAddress {
  /** A URL, or the path of a Unix socket. */
  readonly admin: string;
  readonly tokenFile?: string | undefined;
}

export const DEFAULT_ADMIN = 'http://127.0.0.1:9470';

const ANSWER_MS = 5_000;

/** What is asked of the admin endpoints. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

/** The status of a running satellite. Rejects with an Error that names the address, and says what to do. */
export async function fetchStatus(address: AdminAddress): Promise<Status> {
  const { status, body } = await fetchAdmin(address, { method: 'GET', path: '/status' });
  if (status !== 200) throw refusal(address, status, body);
  return JSON.parse(body) as Status;
}

/** The whole answer. Rejects if there is none, or if the token is refused. */
export async function fetchAdmin(
  address: AdminAddress,
  asked: AdminRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await openAdmin(address, asked);
  return { status: response.statusCode ?? 0, body: await text(response) };
}

/** The answer, as a stream. Rejects if there is none, or if the token is refused. */
export async function openAdmin({ admin, tokenFile }: AdminAddress, asked: AdminRequest): Promise<IncomingMessage> {
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await answerOf(admin, { ...asked, headers }).catch((error: unknown) => {
    throw new Error(
      `no satellite answers at ${admin}: ${textOf(error)}; is it running, with "admin" in sputnik.json?`,
      {
        cause: error,
      },
    );
  });
  if (response.statusCode !== 401) return response;
  response.destroy();
  throw new Error(`${admin} asks for ${token === undefined ? 'a token; give' : 'another token; correct'} --token-file`);
}

/** What to say of an answer that is none of those expected. */
export function refusal({ admin }: AdminAddress, status: number, body: string): Error {
  return new Error(`${admin} answers ${status}: ${printable(body.trim())}`);
}

function answerOf(admin: string, asked: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const where = admin.startsWith('http://') ? hostOf(admin) : { socketPath: admin };
    const sent = request({ ...where, ...asked, timeout: ANSWER_MS }, (response) => {
      sent.setTimeout(0);
      resolve(response);
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
