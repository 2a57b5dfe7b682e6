import type { ReceivedReply } from '@sputnikjs/messaging';
import type { Answer } from '../answer/answers.js';

/** The header by which a reply says with which status it is passed on. */
const STATUS = 'status';
const UNKNOWN_TYPE = 'application/octet-stream';

/** Returns a reply as an answer: its body, its content type, and the status that its header says, or 200. */
export function answerOf({ payload, contentType = UNKNOWN_TYPE, headers = {} }: ReceivedReply): Answer {
  // guard: a reply has a status of HTTP
  const status = Number(/^[2-5]\d\d$/.test(headers[STATUS] ?? '') ? headers[STATUS] : 200);
  return {
    status,
    // what no header can carry is no type
    headers: { 'content-type': /^[!-~][ -~]*$/.test(contentType) ? contentType : UNKNOWN_TYPE },
    body: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
  };
}
