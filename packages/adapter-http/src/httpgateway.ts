import { defineBlock, type BlockContext, type BlockDefinition } from '@sputnikjs/core';
import { PRODUCER } from '@sputnikjs/messaging';
import { fileShortage, PASSED } from '@sputnikjs/messaging/net';
import { openTraces } from '@sputnikjs/messaging/traces';
import { openAccess, readAccess } from './access/access.js';
import { Certificate, certificateProblems } from './receive/certificate.js';
import { HTTP_GATEWAY_CONFIG, type HttpGatewayConfig } from './config.js';
import { Asking } from './request/asking.js';
import { Hub } from './consume/hub.js';
import { makePendingRequests } from './produce/pending-requests.js';
import { exposureOf } from './exposure.js';
import { authority } from './answer/failures.js';
import { Listener, type ListenerOptions } from './listener.js';
import { openApi } from './openapi/openapi.js';
import { tokenProblems } from './access/tokens.js';

/**
 * The block `httpgateway`: accepts messages over HTTP and passes them to the producer. It answers `POST /produce/<target>` with 202 once the
 * server has accepted the body, or a spool, and with 503 while the server is away or too many messages wait for it. `REFUSALS` has its codes.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { httpgateway } from '@sputnikjs/adapter-http';
 * import { echoBlock, testFlight } from '@sputnikjs/testkit';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * test('what is posted is produced', async () => {
 *   const producer = echoBlock(() => undefined);
 *   const config = { httpgateway: { port: await freePort() } };
 *   await testFlight({ blocks: { producer, httpgateway }, config, connection: 'any' });
 *   const url = `http://127.0.0.1:${config.httpgateway.port}/produce/orders`;
 *   assert.equal((await fetch(url, { method: 'POST', body: '{"a":1}' })).status, 202);
 *   assert.equal((await producer.next())['target'], 'orders');
 * });
 */
export const httpgateway: BlockDefinition = defineBlock({
  name: 'httpgateway',
  config: HTTP_GATEWAY_CONFIG,
  needs: { producer: PRODUCER },
  check: async (config) => ({
    problems: [...(await certificateProblems(config)), ...(await tokenProblems(config.tokens))],
    listens: [{ protocol: 'tcp', host: config.host, port: config.port }],
  }),
  make: (config, { producer }, ctx) => {
    const pending = makePendingRequests(producer, config, ctx);
    const hub = config.consume && new Hub(config.consume, ctx);
    const asking = config.request && new Asking(config.request, ctx);
    let listener: Listener | undefined;
    return {
      async init() {
        await Promise.all([hub?.open(), asking?.open()]);
        const opening = await makeListener(config, { produce: pending.produce, hub, asking }, ctx);
        const { address, port } = await opening.open();
        listener = opening;
        const url = `${config.certFile === undefined ? 'http' : 'https'}://${authority(config.host, port)}`;
        const { passed } = opening;
        ctx.log.info(
          { event: 'listening', protocol: 'http', host: config.host, port, url, passed },
          `listening for HTTP on ${url}${passed ? PASSED : ''}`,
        );
        const exposure = exposureOf(config, address);
        const shortage = fileShortage(config.maxConnections);
        if (shortage !== undefined)
          ctx.log.warn({ event: 'fewFiles', maxConnections: config.maxConnections }, shortage);
        if (exposure !== undefined) ctx.log.warn({ event: 'exposed', host: config.host, port, url }, exposure);
      },
      metrics: () => [
        ...(listener?.metrics() ?? []),
        { name: 'pending', type: 'gauge', help: 'Messages that wait for the server.', value: pending.count },
      ],
      // only one that consumes, or sends requests, needs the server itself
      ...((hub ?? asking) && {
        onServerConnect(connection: unknown) {
          hub?.connected(connection);
          asking?.connected(connection);
        },
        onServerDisconnect() {
          hub?.disconnected();
          asking?.disconnected();
        },
      }),
      async onLanding() {
        await Promise.all([listener?.land(), hub?.land()]);
      },
      async finish() {
        pending.close();
        asking?.close();
        await listener?.close();
      },
    };
  },
});

/** How often to check clients, and how long they may go on sending after a refusal, in milliseconds. */
const CHECK_MS = 2_000;
const LINGER_MS = 2_000;
/** Most messages of a batch under way: enough to keep a server busy, and no more, so that others get their turn. */
const BATCH_WINDOW = 256;

/** Reads the files that the configuration names, and makes the listener. Rejects with what is wrong with a file. */
async function makeListener(
  config: HttpGatewayConfig,
  served: Pick<ListenerOptions, 'produce' | 'hub' | 'asking'>,
  { log, clock, landingSoon, signal }: BlockContext,
): Promise<Listener> {
  const { host, port, tokens } = config;
  const reading = { log, signal };
  const certificate = config.certFile === undefined ? undefined : await Certificate.read(config, reading);
  const access = tokens.length === 0 ? openAccess(config.targets ?? ['*']) : await readAccess(tokens, reading);
  const limits = {
    ...config,
    headersMs: config.headersTimeoutMs,
    requestMs: config.requestTimeoutMs,
    checkMs: CHECK_MS,
    lingerMs: LINGER_MS,
    batchWindow: Math.min(BATCH_WINDOW, config.maxPending, config.maxPendingPerClient ?? Infinity),
  };
  const document = openApi(config);
  const traces = await openTraces(log);
  return new Listener({
    host,
    port,
    certificate,
    access,
    limits,
    ...served,
    document,
    log,
    clock,
    traces,
    landingSoon,
  });
}
