import { defineBlock, type BlockDefinition, type Metric } from '@sputnikjs/core';
import { ANSWERER, type ConsumedMessage, type Reply } from '@sputnikjs/messaging';
import { hostOf, isLoopback, tlsProblems } from '@sputnikjs/messaging/net';
import { openTraces } from '@sputnikjs/messaging/traces';
import { HTTP_UPSTREAM_CONFIG } from './upstream/config.js';
import { failureReply, UPSTREAM_FAILURES, UpstreamFailed } from './upstream/failures.js';
import { Upstream } from './upstream/upstream.js';

/** As many as a responder hands over: how many are called at once is bounded by connections. */
const AT_ONCE = 65_536;

/**
 * The block `httpupstream`: answers each request that a `responder` hands it by calling a URL. The reply has the body, the content type and the
 * status of the answer; where there is none, it says why, by status and code.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { once } from 'node:events';
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { test } from 'node:test';
 * import { httpupstream } from '@sputnikjs/adapter-http';
 * import { ANSWERER } from '@sputnikjs/messaging';
 * import { testFlight } from '@sputnikjs/testkit';
 * test('what the upstream says is the reply', async (t) => {
 *   const upstream = createServer((request, response) => void response.end(`you asked for ${request.url}`));
 *   await once(upstream.listen(0, '127.0.0.1'), 'listening');
 *   t.after(() => upstream.close());
 *   const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/prices`;
 *   const config = { httpupstream: { url, methods: ['GET'], paths: ['/*'] } };
 *   const flight = await testFlight({ blocks: { [ANSWERER]: httpupstream }, config });
 *   const request = { source: 'prices', payload: Buffer.of(), headers: { path: '/tea' }, redelivered: false };
 *   const { payload, headers } = await flight.to(ANSWERER).ask(request);
 *   assert.equal(`${headers?.['status']} ${String(payload)}`, '200 you asked for /prices/tea');
 * });
 */
export const httpupstream: BlockDefinition = defineBlock({
  name: 'httpupstream',
  address: ANSWERER,
  config: HTTP_UPSTREAM_CONFIG,
  check: async (config) => ({ problems: await tlsProblems(config) }),
  make: (config, _to, ctx) => {
    const url = new URL(config.url);
    /** Replies by their status. */
    const replies = new Map<string, number>();
    let upstream: Upstream | undefined;

    async function replyTo(request: ConsumedMessage): Promise<Reply> {
      try {
        if (upstream === undefined) throw new Error('the block is not initialised');
        return await upstream.answer(request);
      } catch (error) {
        if (!(error instanceof UpstreamFailed)) throw error;
        const { code, message } = error;
        const { source } = request;
        // what is wrong with a request is told to who sent it
        if (UPSTREAM_FAILURES[code].status >= 500)
          ctx.log.warn({ event: 'upstreamFailed', source, code }, `no answer from ${url.origin}: ${message}`);
        return failureReply(error);
      }
    }

    return {
      mailbox: { concurrency: AT_ONCE },
      async init() {
        upstream = new Upstream(config, ctx, await openTraces(ctx.log));
        if (url.protocol === 'https:' || isLoopback(hostOf(url))) return;
        const text = `requests go to ${url.host} unencrypted; begin the url with https:// if the upstream has a certificate`;
        ctx.log.warn({ event: 'upstreamInClear', host: url.host }, text);
      },
      async onMsg(request: ConsumedMessage) {
        const reply = await replyTo(request);
        const { status = '' } = reply.headers ?? {};
        replies.set(status, (replies.get(status) ?? 0) + 1);
        return reply;
      },
      metrics: () => [
        { name: 'calls', type: 'gauge', help: 'Requests that wait for the upstream.', value: upstream?.underWay ?? 0 },
        ...[...replies].map(([status, value]): Metric => ({
          name: 'replies_total',
          type: 'counter',
          help: 'Replies, by their status.',
          labels: { status },
          value,
        })),
      ],
      onError: (_error, where) => (where === 'onMsg' ? 'continue' : 'shutdown'),
      finish: () => upstream?.close(),
    };
  },
});
