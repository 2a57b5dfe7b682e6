import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { before, beforeEach, test, type TestContext } from 'node:test';
import { connect, headers as natsHeaders, type Msg } from '@nats-io/transport-node';
import { propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { httpgateway, httpupstream } from '@sputnikjs/adapter-http';
import { syslogproducer, syslogreceiver } from '@sputnikjs/adapter-syslog';
import { connector } from '@sputnikjs/connector-nats';
import { defineBlock } from '@sputnikjs/core';
import { PRODUCER, RECEIVER } from '@sputnikjs/messaging';
import { startRunner } from '@sputnikjs/sidecar';
import { MemoryLog } from '@sputnikjs/testkit';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { UpstreamServer } from './upstream-server.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const exporter = new InMemorySpanExporter();

before(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
beforeEach(() => exporter.reset());

/** Consumes "orders", and sends them on as "copies". */
const relay = defineBlock({
  name: 'relay',
  address: RECEIVER,
  needs: { producer: PRODUCER },
  make: (_config, to) => ({
    onMsg: async ({ payload, headers }) => void (await to.producer.ask({ target: 'copies', payload, headers })),
  }),
});

/** A satellite between syslog, HTTP and a real server; and what comes to a subject there. */
async function satellite(t: TestContext): Promise<{
  readonly http: string;
  readonly syslog: number;
  /** Subscribes; what it returns resolves with the next message. */
  readonly listen: (subject: string) => Promise<() => Promise<Msg>>;
}> {
  const [server, http, syslog] = [await natsServer(t), await freePort(), await freePort()];
  await server.start();
  const log = new MemoryLog();
  const runner = await startRunner({
    blocks: ['producer', 'relay', 'consumer', 'syslogproducer', 'syslogreceiver', 'httpgateway'].map((name) => ({
      name,
    })),
    blockFactories: { relay, syslogproducer, syslogreceiver, httpgateway },
    configs: {
      connector: {
        url: server.url,
        streams: [{ name: 'ALL', subjects: ['orders', 'copies', 'syslog'], storage: 'memory' }],
      },
      consumer: { source: 'orders' },
      httpgateway: { port: http },
      syslogreceiver: { port: syslog },
    },
    connector,
    log,
  });
  t.after(async () => void (await runner.stop()));
  await log.said('connected');
  const nats = await connect({ servers: server.url });
  t.after(() => nats.close());
  const listen = async (subject: string): Promise<() => Promise<Msg>> => {
    const subscription = nats.subscribe(subject, { max: 1 })[Symbol.asyncIterator]();
    await nats.flush();
    return async () => (await subscription.next()).value as Msg;
  };
  return { http: `http://127.0.0.1:${http}`, syslog, listen };
}

/** Resolves with the spans of these names when all have ended. */
async function ended(...names: readonly string[]): Promise<readonly ReadableSpan[]> {
  for (;;) {
    const spans = exporter.getFinishedSpans();
    const found = names.map((name) => spans.find((span) => span.name === name));
    if (!found.includes(undefined)) return found as readonly ReadableSpan[];
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;

test('a trace goes from the HTTP client through the satellite to the server, back, and on to the server', async (t) => {
  const { http, listen } = await satellite(t);
  const next = await listen('copies');
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const headers = { traceparent, tracestate: 'vendor=1' };
  const { status } = await fetch(`${http}/produce/orders`, { method: 'POST', body: '{"a":1}', headers });
  assert.equal(status, 202);
  const copy = await next();
  const spans = await ended('POST /produce/*', 'send orders', 'process orders', 'send copies');
  assert.deepEqual(
    spans.map((span) => [span.kind, span.spanContext().traceId, span.parentSpanContext?.spanId]),
    [
      [SpanKind.SERVER, TRACE, PARENT],
      [SpanKind.PRODUCER, TRACE, idOf(spans[0])],
      [SpanKind.CONSUMER, TRACE, idOf(spans[1])],
      [SpanKind.PRODUCER, TRACE, idOf(spans[2])],
    ],
  );
  assert.deepEqual(
    [copy.headers?.get('traceparent'), copy.headers?.get('tracestate')],
    [`00-${TRACE}-${idOf(spans[3])}-01`, 'vendor=1'],
  );
  assert.deepEqual(spans[0]?.attributes, {
    'http.request.method': 'POST',
    'http.route': '/produce/*',
    'url.path': '/produce/orders',
    'url.scheme': 'http',
    'client.address': '127.0.0.1',
    'http.response.status_code': 202,
  });
});

test('a trace goes from the HTTP client through requests of NATS to the server behind, and through sources to who reads them', async (t) => {
  const [server, http, upstream] = [await natsServer(t), await freePort(), await UpstreamServer.start(t)];
  await server.start();
  const log = new MemoryLog();
  const runner = await startRunner({
    blocks: ['producer', 'httpupstream', 'responder', 'httpgateway'].map((name) => ({ name })),
    blockFactories: { httpgateway, httpupstream },
    configs: {
      connector: { url: server.url, streams: [{ name: 'NEWS', subjects: ['news'], storage: 'memory' }] },
      responder: { source: 'prices' },
      httpupstream: { url: `${upstream.url}/tea` },
      httpgateway: { port: http, request: { targets: ['prices'] }, consume: { sources: ['news'] } },
    },
    connector,
    log,
  });
  t.after(async () => void (await runner.stop()));
  await log.said('connected');
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
  const url = `http://127.0.0.1:${http}`;
  const ask = (): Promise<Response> => fetch(`${url}/request/prices`, { method: 'POST', body: 'x', headers });
  // nothing tells when the responder has subscribed
  while ((await ask()).status !== 200) exporter.reset();
  const spans = await ended('POST /request/*', 'request prices', 'process prices', 'POST');
  assert.deepEqual(
    spans.map((span) => [span.kind, span.spanContext().traceId, span.parentSpanContext?.spanId]),
    [
      [SpanKind.SERVER, TRACE, PARENT],
      [SpanKind.CLIENT, TRACE, idOf(spans[0])],
      [SpanKind.CONSUMER, TRACE, idOf(spans[1])],
      [SpanKind.CLIENT, TRACE, idOf(spans[2])],
    ],
  );
  assert.equal(upstream.calls.at(-1)?.headers['traceparent'], `00-${TRACE}-${idOf(spans[3])}-01`);
  assert.deepEqual(spans[3]?.attributes, {
    'http.request.method': 'POST',
    'server.address': '127.0.0.1',
    'server.port': upstream.server.port,
    'url.full': `${upstream.url}/tea`,
    'http.response.status_code': 200,
  });

  const reading = await fetch(`${url}/consume/news?max=1`);
  const nats = await connect({ servers: server.url });
  t.after(() => nats.close());
  const given = natsHeaders();
  given.set('traceparent', headers.traceparent);
  nats.publish('news', 'hello', { headers: given });
  const line = (await reading.json()) as { readonly headers: { readonly traceparent: string } };
  const [process, consume] = await ended('process news', 'GET /consume/*');
  assert.deepEqual([process?.kind, process?.parentSpanContext?.spanId], [SpanKind.CONSUMER, PARENT]);
  assert.equal(line.headers.traceparent, `00-${TRACE}-${idOf(process)}-01`);
  assert.deepEqual([consume?.kind, consume?.status.code], [SpanKind.SERVER, SpanStatusCode.UNSET]);
});

test('each message of a batch is a span below that of its request; a refusal of the server is an error of both', async (t) => {
  const { http } = await satellite(t);
  const post = (target: string, body: string): Promise<Response> =>
    fetch(`${http}/produce/${target}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-ndjson' },
    });
  assert.equal((await post('syslog/batch', '1\n2\n3')).status, 202);
  const [request] = await ended('POST /produce/*');
  const sent = exporter.getFinishedSpans().filter(({ name }) => name === 'send syslog');
  assert.deepEqual(
    sent.map(({ parentSpanContext }) => parentSpanContext?.spanId),
    [idOf(request), idOf(request), idOf(request)],
  );

  exporter.reset();
  assert.equal((await post('nowhere', '1')).status, 502);
  for (const span of await ended('POST /produce/*', 'send nowhere')) {
    assert.equal(span.status.code, SpanStatusCode.ERROR, span.name);
    assert.ok(span.attributes['error.type'], span.name);
  }
});

test('a syslog message begins a trace, when it comes', async (t) => {
  const { syslog, listen } = await satellite(t);
  const next = await listen('syslog');
  const socket = createSocket('udp4');
  socket.send('<13>hello', syslog, '127.0.0.1', () => socket.close());
  const message = await next();
  const [receive, send] = await ended('receive syslog', 'send syslog');
  assert.equal(receive?.parentSpanContext, undefined);
  assert.equal(send?.parentSpanContext?.spanId, idOf(receive));
  assert.equal(message.headers?.get('traceparent'), `00-${receive?.spanContext().traceId}-${idOf(send)}-01`);
  const { received_at: at } = message.json<{ readonly received_at: string }>();
  const [seconds = 0, nanos = 0] = receive?.startTime ?? [];
  assert.equal(seconds * 1000 + nanos / 1e6, Date.parse(at));
  assert.deepEqual(
    ['network.transport', 'client.address', 'messaging.system'].map((name) => receive?.attributes[name]),
    ['udp', '127.0.0.1', 'syslog'],
  );
});
