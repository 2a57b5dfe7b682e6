import type { IncomingMessage } from 'node:http';

/** What is read of the body of an answer at most, and told of it. */
const [MOST_BYTES, TOLD] = [64 * 1024, 300];

/** The answer to a request. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** The beginning of the body, in one line. */
  readonly text: string;
}

/** Resolves with the answer; never rejects. That its body breaks off changes nothing, and of a long one the rest is not read. */
export async function answerOf(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const text = await beginningOf(response);
  return { status, retryAfter: headers['retry-after'], location: headers.location, text };
}

/** Reads the body to its end, so that the connection can be used again. */
function beginningOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let [bytes, text] = [0, ''];
    response.setEncoding('latin1');
    response.on('data', (chunk: string) => {
      bytes += chunk.length;
      if (text.length < TOLD) text += chunk.slice(0, TOLD - text.length);
      // guard: the body of an answer is bounded
      if (bytes > MOST_BYTES) response.destroy();
    });
    response.on('error', () => {});
    response.on('close', () => resolve(text.replaceAll(/[^!-~]+/g, ' ').trim()));
  });
}
