import type { BlockContext } from '@sputnikjs/core';
import type { ConsumedMessage, Reply } from '@sputnikjs/messaging';
import { HttpConnections, NoAnswer, readTls, TimedOut, within, type HttpRequest } from '@sputnikjs/messaging/net';
import type { Traces } from '@sputnikjs/messaging/traces';
import { Calls } from './call.js';
import type { HttpUpstreamConfig } from './config.js';
import { UpstreamFailed, type UpstreamFailureCode } from './failures.js';
import { replyOf } from './reply.js';
import { beginCall } from './spans.js';

/** Methods that mean the same called twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];
/** Failures before anything was sent. */
const UNSENT: readonly UpstreamFailureCode[] = ['UNREACHABLE', 'FULL'];
/** Attempts of one request, and the pause before the second one in milliseconds, which doubles. */
const [MOST_ATTEMPTS, PAUSE_MS] = [3, 100];

/** Calls the upstream for requests. */
export class Upstream {
  /** Requests that are not answered yet. */
  underWay = 0;
  readonly #config: HttpUpstreamConfig;
  readonly #url: URL;
  readonly #calls: Calls;
  readonly #connections: HttpConnections;
  readonly #context: Pick<BlockContext, 'clock' | 'signal'>;
  readonly #traces: Traces | undefined;

  constructor(
    config: HttpUpstreamConfig,
    { clock, signal }: Pick<BlockContext, 'clock' | 'signal'>,
    traces: Traces | undefined,
  ) {
    const { concurrency: connections, timeoutMs: idleMs, connectTimeoutMs: connectMs } = config;
    this.#config = config;
    this.#url = new URL(config.url);
    this.#calls = new Calls(config);
    const tls = () => readTls(config);
    this.#connections = new HttpConnections({ connections, idleMs, connectMs, tls, clock });
    this.#context = { clock, signal };
    this.#traces = traces;
  }

  /** Resolves with the answer of the upstream, whatever its status. Rejects with an {@link UpstreamFailed} if there is none. */
  async answer(request: ConsumedMessage): Promise<Reply> {
    const call = this.#calls.of(request);
    this.underWay++;
    try {
      return await within(this.#config.timeoutMs, this.#context, (over) => this.#try(call, over));
    } finally {
      this.underWay--;
    }
  }

  close(): void {
    this.#connections.close();
  }

  async #try(call: HttpRequest, over: AbortSignal): Promise<Reply> {
    // guard: what may do harm twice is sent once
    const most = IDEMPOTENT.includes(call.method) ? MOST_ATTEMPTS : 1;
    let broken: UpstreamFailed | undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(call, over);
      } catch (error) {
        const failure = this.#failureOf(error, over);
        // guard: what was sent once is not said to be unsent
        const failed = UNSENT.includes(failure.code) ? (broken ?? failure) : failure;
        if (failed.code === 'ANSWER_BROKEN') broken = failed;
        const mayPass = failed.code === 'UNREACHABLE' || failed.code === 'ANSWER_BROKEN';
        if (!mayPass || attempt === most) throw failed;
        await this.#context.clock.sleep(PAUSE_MS * 2 ** (attempt - 1), over);
        // guard: no attempt begins when the time is over
        if (over.aborted) throw failed;
      }
    }
  }

  async #once(call: HttpRequest, over: AbortSignal): Promise<Reply> {
    const span = beginCall(this.#traces, this.#url, call);
    try {
      const response = await this.#connections.send(this.#url, span.call, over);
      const reply = await replyOf(response, this.#config);
      span.answered(response.statusCode ?? 0);
      return reply;
    } catch (error) {
      span.failed(error);
      throw error;
    }
  }

  /** What became of a call, as far as is known. */
  #failureOf(error: unknown, over: AbortSignal): UpstreamFailed {
    const { timeoutMs, concurrency } = this.#config;
    const stage = error instanceof NoAnswer ? error.stage : 'sent';
    const { message } = error as Error;
    const { reason } = over as { readonly reason: unknown };
    if (over.aborted && !(reason instanceof TimedOut))
      return new UpstreamFailed('LANDING', 'the satellite landed before the answer came', { cause: error });
    if (over.aborted && stage === 'sent')
      return new UpstreamFailed('NO_ANSWER', `no whole answer within ${timeoutMs} ms`, { cause: error });
    if (over.aborted && stage === 'waiting') {
      const text = `all ${concurrency} connections ("concurrency") were in use for ${timeoutMs} ms`;
      return new UpstreamFailed('FULL', text, { cause: error });
    }
    if (error instanceof UpstreamFailed) return error;
    const code = stage === 'sent' ? 'ANSWER_BROKEN' : 'UNREACHABLE';
    return new UpstreamFailed(code, message, { cause: error });
  }
}
