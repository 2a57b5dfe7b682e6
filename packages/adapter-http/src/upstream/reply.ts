import type { IncomingMessage } from 'node:http';
import type { Reply } from '@sputnikjs/messaging';
import { UpstreamFailed } from './failures.js';

/** Headers of answers that are always passed on: without it, nobody could read the body. */
const ALWAYS = ['content-encoding'];

/** Which part of an answer is passed on. */
export interface ReplyLimits {
  readonly maxReplyBytes: number;
  readonly replyHeaders: readonly string[];
}

/** Resolves with the answer as a reply: its body, its content type, its status and the headers that are allowed. Rejects unless it is whole. */
export async function replyOf(response: IncomingMessage, { maxReplyBytes, replyHeaders }: ReplyLimits): Promise<Reply> {
  const { statusCode = 0, headers } = response;
  const payload = await bodyOf(response, maxReplyBytes);
  const contentType = headers['content-type'];
  const ofConnection = namesIn(headers.connection);
  const names = [...replyHeaders, ...ALWAYS].map((name) => name.toLowerCase());
  // guard: headers of the connection stay with it
  const allowed = names.filter((name) => !ofConnection.includes(name));
  const entries = allowed.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  return {
    payload,
    ...(contentType !== undefined && { contentType }),
    headers: { ...Object.fromEntries(entries), status: `${statusCode}` },
  };
}

/** What an answer says is only for its connection. */
function namesIn(connection = ''): readonly string[] {
  return connection.split(',').map((name) => name.trim().toLowerCase());
}

function bodyOf(response: IncomingMessage, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= most) return;
      // guard: the body of an answer is bounded
      reject(new UpstreamFailed('ANSWER_TOO_LARGE', `the answer has more than ${most} bytes`));
      response.destroy();
    });
    response.on('error', () => {});
    response.on('close', () => {
      // guard: an answer that breaks off is none
      if (response.complete) resolve(Buffer.concat(chunks));
      else reject(new UpstreamFailed('ANSWER_BROKEN', `the answer (${response.statusCode}) broke off`));
    });
  });
}
