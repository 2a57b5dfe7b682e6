import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { defineBlock, SputnikError } from '@sputnikjs/core';
import {
  ANSWERER,
  consumerBlock,
  PRODUCER,
  producerBlock,
  RECEIVER,
  REQUESTER,
  requesterBlock,
  responderBlock,
  type ConsumedMessage,
  type MessageHandler,
  type MessagingConnection,
  type ProduceMessage,
  type Reply,
  type RequestHandler,
} from '@sputnikjs/messaging';
import { openTraces, type Traces } from '@sputnikjs/messaging/traces';
import { echoBlock, MemoryLog, testFlight } from '@sputnikjs/testkit';

const exporter = new InMemorySpanExporter();
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const HEADERS = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=1' };

/** What spans tell, in the order in which they ended. */
const spans = () =>
  exporter.getFinishedSpans().map((span) => {
    const { name, kind, attributes, status, parentSpanContext } = span;
    const { spanId: id, traceId } = span.spanContext();
    return { name, kind, attributes, status, id, trace: traceId, parent: parentSpanContext?.spanId };
  });

/** A server that keeps what it gets, and whatever `answer` says of it. */
function server(answer: (message: ProduceMessage) => Promise<void> = async () => {}) {
  const sent: ProduceMessage[] = [];
  let handler: MessageHandler = async () => {};
  const connection: MessagingConnection & { readonly url: string } = {
    url: 'tls://[::1]:4222',
    producer: { produce: (message) => (sent.push(message), answer(message)) },
    consumer: { consume: async (_source, handle) => ((handler = handle), { stop: async () => {} }) },
  };
  return { sent, connection, deliver: (message: ConsumedMessage) => handler(message) };
}

const plain = { target: 'news', payload: 'hello' };

/** A test in a process that traces; other tests share the process. */
function test(title: string, run: () => Promise<void>): void {
  nodeTest(title, async () => {
    exporter.reset();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    try {
      await run();
    } finally {
      for (const api of [trace, propagation, context]) api.disable();
    }
  });
}

test('a message that is sent continues the trace of its headers, and takes the context of its own span to the server', async () => {
  const { sent, connection } = server();
  const flight = await testFlight({ blocks: { producer: producerBlock }, connection });
  await flight.to(PRODUCER).ask({ ...plain, id: 'n7', headers: { ...HEADERS, mine: 'stays' } });
  const [span, ...others] = spans();
  assert.deepEqual(others, []);
  assert.deepEqual(
    [span?.name, span?.kind, span?.trace, span?.parent, span?.status.code],
    ['send news', SpanKind.PRODUCER, TRACE, PARENT, SpanStatusCode.UNSET],
  );
  assert.deepEqual(span?.attributes, {
    'messaging.system': 'nats',
    'server.address': '::1',
    'server.port': 4222,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'news',
    'messaging.message.id': 'n7',
  });
  const traceparent = `00-${TRACE}-${span?.id}-01`;
  assert.deepEqual(sent[0]?.headers, { mine: 'stays', traceparent, tracestate: 'vendor=1' });
});

test('a message without a context begins a trace; one of another spelling is understood, and one that is none replaced', async () => {
  const { sent, connection } = server();
  const flight = await testFlight({ blocks: { producer: producerBlock }, connection });
  await flight.to(PRODUCER).ask(plain);
  await flight.to(PRODUCER).ask({ ...plain, headers: { Traceparent: HEADERS.traceparent } });
  await flight.to(PRODUCER).ask({ ...plain, headers: { Traceparent: 'nonsense', tracestate: 'vendor=1' } });
  const [first, second, third] = spans();
  assert.deepEqual([first?.parent, second?.parent, third?.parent], [undefined, PARENT, undefined]);
  assert.deepEqual(
    sent.map(({ headers }) => headers),
    [first, second, third].map((span) => ({ traceparent: `00-${span?.trace}-${span?.id}-01` })),
  );
});

test('the span of a message ends when it is settled: not while the server is away, and with the error of a refusal', async () => {
  const refusal = Object.assign(new Error('no such stream'), { code: 'NO_STREAM' });
  const { sent, connection } = server(async ({ target }) => {
    if (target === 'nowhere') throw refusal;
    if (sent.length === 1) throw new SputnikError('CONNECTION_LOST');
  });
  const flight = await testFlight({ blocks: { producer: producerBlock }, connection });
  const asked = flight.to(PRODUCER).ask(plain);
  await flight.clock.advance(0);
  assert.equal(sent.length, 1);
  assert.deepEqual(spans(), []);
  await flight.server.drop();
  await flight.server.restore();
  await asked;
  await assert.rejects(flight.to(PRODUCER).ask({ ...plain, target: 'nowhere' }));
  const [again, refused, ...others] = spans();
  assert.deepEqual(others, []);
  assert.equal(again?.status.code, SpanStatusCode.UNSET);
  assert.deepEqual(sent.slice(0, 2), [sent[0], sent[0]], 'sent again with the same context');
  assert.deepEqual(refused?.status, { code: SpanStatusCode.ERROR, message: 'no such stream' });
  assert.equal(refused?.attributes['error.type'], 'NO_STREAM');
});

test('a trace goes through blocks: from the server to the receiver, and to the server again, by the headers', async () => {
  const { sent, connection, deliver } = server();
  const relay = defineBlock({
    name: 'relay',
    address: RECEIVER,
    needs: { producer: PRODUCER },
    make: (_config, to) => ({
      onMsg: async ({ payload, headers }) => void (await to.producer.ask({ target: 'copies', payload, headers })),
    }),
  });
  const blocks = { producer: producerBlock, receiver: relay, consumer: consumerBlock };
  await testFlight({ blocks, config: { consumer: { source: 'news.*' } }, connection });
  await deliver({
    source: 'news.today',
    payload: Buffer.from('hello'),
    redelivered: false,
    id: 'n7',
    headers: HEADERS,
  });
  const [send, process, ...others] = spans();
  assert.deepEqual(others, []);
  assert.deepEqual([process?.name, process?.kind, process?.parent], ['process news.*', SpanKind.CONSUMER, PARENT]);
  assert.deepEqual(process?.attributes, {
    'messaging.system': 'nats',
    'server.address': '::1',
    'server.port': 4222,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'news.today',
    'messaging.message.id': 'n7',
  });
  assert.deepEqual([send?.name, send?.parent, send?.trace], ['send copies', process?.id, TRACE]);
  assert.equal(sent[0]?.headers?.['traceparent'], `00-${TRACE}-${send?.id}-01`);
});

test('a request is a span until its reply; who answers it continues the trace, and a failure is an error', async () => {
  const { connection } = server();
  let handler: RequestHandler = async () => ({ payload: '' });
  const answerer = echoBlock<ConsumedMessage, Reply>(({ payload }) => {
    if (payload.length === 0) throw new RangeError('nothing in it');
    return { payload: 'noon' };
  });
  const flight = await testFlight<MessagingConnection>({
    blocks: { requester: requesterBlock, [ANSWERER]: answerer, responder: responderBlock },
    config: { responder: { source: 'time.*' } },
    connection: {
      ...connection,
      requester: {
        request: async ({ target, payload, headers }) => {
          const reply = await handler({ source: target, payload: Buffer.from(payload), headers, redelivered: false });
          return { ...reply, payload: Buffer.from(reply.payload) };
        },
      },
      responder: { respond: async (_source, handle) => ((handler = handle), { stop: async () => {} }) },
    },
  });
  await flight.to(REQUESTER).ask({ target: 'time.now', payload: 'when', headers: HEADERS });
  await assert.rejects(flight.to(REQUESTER).ask({ target: 'time.now', payload: '' }));
  const [process, request, failed, alsoFailed] = spans();
  assert.deepEqual(
    [request?.name, request?.kind, request?.trace, request?.parent, request?.status.code],
    ['request time.now', SpanKind.CLIENT, TRACE, PARENT, SpanStatusCode.UNSET],
  );
  assert.deepEqual(
    ['system', 'operation.name', 'operation.type', 'destination.name'].map(
      (key) => request?.attributes[`messaging.${key}`],
    ),
    ['nats', 'request', 'send', 'time.now'],
  );
  assert.deepEqual(
    [process?.name, process?.kind, process?.trace, process?.parent],
    ['process time.*', SpanKind.CONSUMER, TRACE, request?.id],
  );
  assert.equal(answerer.messages[0]?.headers?.['traceparent'], `00-${TRACE}-${process?.id}-01`);
  for (const span of [failed, alsoFailed]) assert.equal(span?.status.code, SpanStatusCode.ERROR, span?.name);
});

test('a message that its receiver cannot handle ends its span with an error', async () => {
  const { connection, deliver } = server();
  const receiver = defineBlock({
    name: 'receiver',
    make: () => ({
      onMsg() {
        throw new RangeError('too large');
      },
      onError: () => 'continue',
    }),
  });
  const config = { consumer: { source: 'news' } };
  await testFlight({ blocks: { receiver, consumer: consumerBlock }, config, connection });
  await assert.rejects(deliver({ source: 'news', payload: Buffer.from('x'), redelivered: false }));
  const [process] = spans();
  assert.equal(process?.status.code, SpanStatusCode.ERROR);
  assert.equal(process?.attributes['error.type'], 'ASK_FAILED');
});

test('the span of a request is a child of the one around it, where HTTP is traced beside us; messages ignore what is around', async () => {
  const traces = (await openTraces(new MemoryLog())) as Traces;
  const around = trace.getTracer('test').startSpan('around');
  context.with(trace.setSpan(context.active(), around), () => {
    for (const kind of ['server', 'producer'] as const)
      traces.begin({ headers: HEADERS }, { name: kind, kind, attributes: {} }).end();
  });
  const [request, message] = spans();
  assert.deepEqual([request?.parent, message?.parent], [around.spanContext().spanId, PARENT]);
});

test('a span ends once', async () => {
  const traces = (await openTraces(new MemoryLog())) as Traces;
  const since = new Date(1_000);
  const traced = traces.begin({}, { name: 'one', kind: 'server', attributes: { a: 1 }, since });
  traced.end({ attributes: { b: 2 } });
  traced.end({ error: 'late' });
  const [span] = exporter.getFinishedSpans();
  assert.deepEqual(
    [span?.attributes, span?.status.code, span?.startTime],
    [{ a: 1, b: 2 }, SpanStatusCode.UNSET, [1, 0]],
  );
});
