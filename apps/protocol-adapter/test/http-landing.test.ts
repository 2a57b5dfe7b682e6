import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite } from './support.js';

/** No landing lasts so long unless it waits for somebody in vain. */
const LANDING_MS = 60_000;
const STREAM = { name: 'ORDERS', subjects: ['orders.>'], storage: 'memory' };

/** The gateway with a JetStream of its own, and the port of the gateway. */
async function gateway(t: TestContext, sputnik: object = {}) {
  const [server, port] = [await natsServer(t), await freePort()];
  await server.start();
  const cf = folder(t, {
    'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
    'sputnik.json': sputnik,
    'connector.json': { module: '@sputnikjs/connector-nats', url: server.url, streams: [STREAM] },
  });
  const satellite = new Satellite(t, cf, { HTTPGATEWAY_PORT: `${port}` });
  await satellite.logs('connected');
  return { server, satellite, port };
}

test('two requests on one connection at SIGTERM, the server frozen: both are answered, and the landing is quick and clean', async (t) => {
  const { server, satellite, port } = await gateway(t, { timeouts: { landingMs: LANDING_MS } });
  server.freeze();
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += String(chunk)));
  const one = 'POST /produce/orders.a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
  socket.write(one + one);
  // read by the gateway: it answers the others on a connection of their own
  await run(t, 'curl', '-sf', `http://127.0.0.1:${port}/openapi.json`);
  satellite.process.kill('SIGTERM');
  setTimeout(() => server.thaw(), 150);
  await once(socket, 'close');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  assert.equal(received.match(/HTTP\/1.1 202 /g)?.length, 2, received);
  const { tookMs = Infinity } = JSON.parse(
    satellite.lines.find((line) => line.includes('"event":"landed"')) ?? '{}',
  ) as {
    readonly tookMs?: number;
  };
  assert.ok(tookMs < LANDING_MS / 2, `it took ${tookMs} ms of ${LANDING_MS}`);
});

test('a landing that was announced resets nobody: 24 busy clients that keep their connections, and all that is stored was answered', async (t) => {
  const { server, satellite, port } = await gateway(t, { landing: { delayMs: 200 } });
  const agent = new Agent({ keepAlive: true, maxSockets: 24 });
  t.after(() => agent.destroy());
  const over = new AbortController();
  const ends = new Map<unknown, number>();
  const post = async (): Promise<unknown> => {
    const asking = request({ port, host: '127.0.0.1', path: '/produce/orders.a', method: 'POST', agent }).end('x');
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    await once(answer.resume(), 'end');
    return answer.statusCode;
  };
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const end = await post().catch((error: NodeJS.ErrnoException) => error.code);
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if (end === 'ECONNREFUSED') over.abort();
    }
  };
  const clients = Array.from({ length: 24 }, client);
  setTimeout(() => satellite.process.kill('SIGTERM'), 200);
  await Promise.all(clients);
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  ends.delete('ECONNREFUSED');
  const answered = ends.get(202) ?? 0;
  ends.delete(202);
  ends.delete(503);
  assert.deepEqual([...ends], [], 'reset');
  assert.equal(await countOf(server.url), answered);
});

/** How many messages are in the stream, as a client sees it that is not ours. */
async function countOf(url: string): Promise<number> {
  const client = await connectNats({ servers: url });
  try {
    return (await (await jetstreamManager(client)).streams.info(STREAM.name)).state.messages;
  } finally {
    await client.close();
  }
}
