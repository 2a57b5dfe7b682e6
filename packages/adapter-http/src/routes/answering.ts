import type { ServerResponse } from 'node:http';
import type { Metric } from '@sputnikjs/core';
import type { FastifyReply } from 'fastify';
import { written, type Answer, type Problem } from '../answer/answers.js';

interface AnswerCount {
  readonly labels: Readonly<Record<string, string>>;
  count: number;
}

/** Sends answers, and counts them. */
export class Answering {
  readonly #isLast: (response: ServerResponse) => boolean;
  /** How often which status and code was answered. */
  readonly #counts = new Map<string, AnswerCount>();

  /** `isLast` says whether no other answer goes over the connection of a response. */
  constructor(isLast: (response: ServerResponse) => boolean) {
    this.#isLast = isLast;
  }

  /** Sends an answer, unless the request has one. */
  send(reply: FastifyReply, answered: Answer): void {
    if (reply.sent) return;
    const { headers, text } = written(this.counted(answered));
    const all = this.#isLast(reply.raw) ? { ...headers, connection: 'close' } : headers;
    // Fastify would close the connection under a body that is too large, and its sender might not see the answer.
    reply.hijack().raw.writeHead(answered.status, all).end(text);
  }

  /** Counts an answer that somebody else sends. */
  counted(answer: Answer): Answer {
    const { status, body } = answer;
    const { code } = body as Partial<Problem>;
    const labels = { status: `${status}`, ...(code !== undefined && { code }) };
    const key = `${status} ${code}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { labels, count: 1 });
    else known.count++;
    return answer;
  }

  metrics(): readonly Metric[] {
    const help = 'Answers, by status and code.';
    return [...this.#counts.values()].map(({ labels, count }) => ({
      name: 'answers_total',
      type: 'counter',
      help,
      labels,
      value: count,
    }));
  }
}
