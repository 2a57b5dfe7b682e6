import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { fileText } from '@sputnikjs/messaging/net';
import type { z } from 'zod';
import { cutLine, printable, textOf } from '../text.js';
import type { Status } from '../admin/status.js';
import { STATUS_SCHEMA } from '../admin/status-schema.js';

/** The admin endpoints of a satellite: address and token. */
export interface AdminAddress {
  /** A URL, or the path of a Unix socket. */
  readonly admin: string;
  readonly tokenFile?: string | undefined;
}

export const DEFAULT_ADMIN = 'http://127.0.0.1:9470';

/** How long an answer may take to begin, and then to end, in milliseconds. */
const ANSWER_MS = 5_000;
/** The status of a satellite with thousands of blocks is smaller. */
const MOST_BYTES = 16 * 1024 * 1024;

/** What is asked of the admin endpoints. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

/** The status of a running satellite. Rejects with an Error that names the address, and says what to do. */
export async function fetchStatus(address: AdminAddress): Promise<Status> {
  const { status, body } = await fetchAdmin(address, { method: 'GET', path: '/status' });
  if (status !== 200) throw refusal(address, status, body);
  return answerAs(address, body, STATUS_SCHEMA);
}

/** The whole answer. Rejects if there is none in time, if it is too large, or if the token is refused. */
export async function fetchAdmin(
  address: AdminAddress,
  asked: AdminRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await openAdmin(address, asked);
  return { status: response.statusCode ?? 0, body: await bodyOf(address, response) };
}

/** All that is left of an answer. Rejects if it does not end in time, or is too large. */
export async function bodyOf({ admin }: AdminAddress, response: IncomingMessage): Promise<string> {
  const late = new Error(`is not complete after ${ANSWER_MS / 1000} s`);
  // guard: an answer that does not end is given up
  const timer = setTimeout(() => response.destroy(late), ANSWER_MS);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // guard: an answer of any size does not fill the memory of who asks
      if (bytes > MOST_BYTES) throw new Error(`is larger than ${MOST_BYTES / 1024 / 1024} MiB`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error(`the answer of ${admin} ${textOf(error)}; ${ADVICE}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString();
}

/** What to do about an answer that no satellite gives. */
const ADVICE = 'is a satellite there, of the same version?';

/** The value that an answer is in JSON. Keys of later versions are accepted. Throws an Error that names the address if it is anything else. */
export function answerAs<T>({ admin }: AdminAddress, json: string, schema: z.ZodType<T>): T {
  const problem = (what: string, cause?: unknown): Error =>
    new Error(`the answer of ${admin} is not understood: ${printable(cutLine(what))}; ${ADVICE}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw problem('it is not JSON', cause);
  }
  const issues = schema.safeParse(value).error?.issues ?? [];
  const wrong = issues.find(({ code }) => code !== 'unrecognized_keys');
  // guard: only an answer of a satellite is shown
  if (wrong !== undefined) throw problem([...wrong.path.map(String), wrong.message].join(': '));
  return value as T;
}

/** The answer, as a stream. Rejects if there is none, or if the token is refused. */
export async function openAdmin({ admin, tokenFile }: AdminAddress, asked: AdminRequest): Promise<IncomingMessage> {
  const token = tokenFile === undefined ? undefined : fileText(tokenFile, 'cannot read the token').trim();
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
  return new Error(`${admin} answers ${status}: ${printable(cutLine(body.trim()))}`);
}

function answerOf(admin: string, asked: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const where = admin.startsWith('http://') ? hostOf(admin) : { socketPath: admin };
    const sent = request({ ...where, ...asked }, resolve);
    const late = new Error(`no answer within ${ANSWER_MS / 1000} s`);
    const timer = setTimeout(() => sent.destroy(late), ANSWER_MS);
    for (const event of ['response', 'close']) sent.once(event, () => clearTimeout(timer));
    sent.on('error', reject);
    sent.end();
  });
}

function hostOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 80 : port) };
}
