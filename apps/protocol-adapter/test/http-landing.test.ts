import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite } from './support.js';

const STREAM = { name: 'ORDERS', subjects: ['orders.>'], storage: 'memory' };

/** The gateway with a JetStream of its own, and the port of the gateway. */
async function gateway(t: TestContext) {
  const [server, port] = [await natsServer(t), await freePort()];
  await server.start();
  const cf = folder(t, {
    'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
    'connector.json': { module: '@sputnikjs/connector-nats', url: server.url, streams: [STREAM] },
  });
  const satellite = new Satellite(t, cf, { HTTPGATEWAY_PORT: `${port}` });
  await satellite.logs('connected');
  return { server, satellite, port };
}

test('two requests on one connection at SIGTERM, the server frozen: both are answered, and the landing is quick and clean', async (t) => {
  const { server, satellite, port } = await gateway(t);
  server.freeze();
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += String(chunk)));
  const one = 'POST /produce/orders.a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
  socket.write(one + one);
  // read by the gateway: it answers the others on a connection of their own
  await run(t, 'curl', '-sf', `http://127.0.0.1:${port}/openapi.json`);
  const start = performance.now();
  satellite.process.kill('SIGTERM');
  setTimeout(() => server.thaw(), 150);
  await once(socket, 'close');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  const ms = performance.now() - start;
  assert.equal(received.match(/HTTP\/1.1 202 /g)?.length, 2, received);
  assert.ok(ms < 3_000, `it took ${ms} ms`);
});
