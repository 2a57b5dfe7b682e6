import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, headers as natsHeaders, type NatsConnection } from '@nats-io/transport-node';
import { freePort, natsServer, rabbitmqServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { folder, run, Satellite } from './support.js';
import { UpstreamServer } from './upstream-server.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

interface Said {
  readonly body: string;
  readonly type: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Sends a request as a client that is not ours. */
type Ask = (body: string, headers?: Readonly<Record<string, string>>) => Promise<Said>;

function askNats(client: NatsConnection, subject: string): Ask {
  return async (body, given = {}) => {
    const headers = natsHeaders();
    for (const [name, value] of Object.entries(given)) headers.set(name, value);
    const reply = await client.request(subject, body, { headers, timeout: 60_000 });
    const all = Object.fromEntries([...(reply.headers ?? [])].map(([name, [value = '']]) => [name, value]));
    const { 'Content-Type': type, ...others } = all;
    return { body: reply.string(), type, headers: others };
  };
}

async function onNats(t: TestContext) {
  const server = await natsServer(t);
  await server.start();
  const client = await connect({ servers: `127.0.0.1:${server.port}`, reconnect: false });
  t.after(() => client.close());
  return { connector: { module: '@sputnikjs/connector-nats', url: server.url }, ask: askNats(client, 'prices') };
}

async function onRabbitmq(t: TestContext) {
  const server = await rabbitmqServer(t);
  await server.start();
  const client = new Connection(`amqp://guest:guest@127.0.0.1:${server.port}`);
  client.on('error', () => {});
  t.after(async () => client.unsafeDestroy());
  const rpc = client.createRPCClient({ confirm: true, timeout: 60_000 });
  const ask: Ask = async (body, headers = {}) => {
    const reply = await rpc.send({ routingKey: 'prices', headers: { ...headers } }, Buffer.from(body));
    return { body: String(reply.body), type: reply.contentType, headers: { ...reply.headers } };
  };
  const queues = [{ name: 'prices', type: 'classic' }];
  return { connector: { module: '@sputnikjs/connector-amqp', url: server.url, queues }, ask };
}

/** Until the satellite has subscribed nobody listens, and nothing tells when it has. */
async function answered(ask: Ask): Promise<void> {
  for (;;) {
    try {
      return void (await ask('ready'));
    } catch {
      await sleep(50);
    }
  }
}

function codeIn({ body, headers }: Said): string {
  return `${String(headers['status'])} ${(JSON.parse(body) as { code: string }).code}`;
}

async function land(satellite: Satellite): Promise<void> {
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
}

for (const [name, on] of [
  ['NATS', onNats],
  ['RabbitMQ', onRabbitmq],
] as const)
  test(`${name}: what a server in Python answers is the reply to a foreign client; what goes wrong has its status and code`, async (t) => {
    const [{ connector, ask }, upstream] = [await on(t), await UpstreamServer.start(t)];
    const cf = folder(t, {
      'blocks.json': [{ name: 'httpupstream', module: '@sputnikjs/adapter-http' }, { name: 'responder' }],
      'connector.json': connector,
      'responder.json': { source: 'prices' },
      'httpupstream.json': {
        url: `${upstream.url}/shop`,
        methods: ['POST', 'GET'],
        paths: ['/*'],
        requestHeaders: ['x-who'],
        replyHeaders: ['x-price'],
        timeoutMs: 3_000,
      },
    });
    const satellite = new Satellite(t, cf);
    await satellite.logs('connected');
    await answered(ask);

    const tea = await ask('żółw', { path: '/tea?hot=1', 'x-who': 'laika', 'x-other': 'no', traceparent: TRACEPARENT });
    assert.deepEqual(tea, {
      body: 'POST /shop/tea?hot=1 żółw',
      type: 'text/plain; charset=utf-8',
      headers: { status: '200', 'x-price': '3' },
    });
    const call = upstream.calls.at(-1);
    const { 'x-who': who, 'x-other': other, traceparent } = call?.headers ?? {};
    assert.deepEqual([who, other, traceparent], ['laika', undefined, TRACEPARENT]);
    const unknown = await ask('', { method: 'GET', path: '/unknown' });
    assert.deepEqual([unknown.body, unknown.headers['status']], ['GET /shop/unknown ', '404']);
    const calls = upstream.calls.length;
    assert.equal(codeIn(await ask('', { path: '/../admin' })), '400 BAD_REQUEST');
    assert.equal(codeIn(await ask('', { path: '//127.0.0.1/' })), '400 BAD_REQUEST');
    assert.equal(codeIn(await ask('', { method: 'DELETE' })), '405 METHOD_NOT_ALLOWED');
    assert.equal(upstream.calls.length, calls);
    assert.equal(codeIn(await ask('wait')), '504 NO_ANSWER');
    const many = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(`${n}`)));
    assert.deepEqual(
      many.map(({ body }) => body),
      Array.from({ length: 50 }, (_, n) => `POST /shop ${n}`),
    );

    await upstream.server.stop();
    // a connection that has just ended may take one more question; what became of that, nobody knows
    let code = codeIn(await ask('x'));
    for (let tries = 0; tries < 10 && code === '502 ANSWER_BROKEN'; tries++) code = codeIn(await ask('x'));
    assert.equal(code, '502 UNREACHABLE');
    await upstream.server.start();
    assert.equal((await ask('again')).body, 'POST /shop again');
    // under way when it lands
    const slow = ask('slow one');
    while (upstream.calls.at(-1)?.body !== 'slow one') await sleep(20);
    await land(satellite);
    assert.equal((await slow).body, 'POST /shop slow one');
  });

for (const [name, on] of [
  ['NATS', onNats],
  ['RabbitMQ', onRabbitmq],
] as const)
  test(`${name}: a landing that cannot wait for the upstream says so to who asked`, async (t) => {
    const [{ connector, ask }, upstream] = [await on(t), await UpstreamServer.start(t)];
    const cf = folder(t, {
      'blocks.json': [{ name: 'httpupstream', module: '@sputnikjs/adapter-http' }, { name: 'responder' }],
      'connector.json': connector,
      'responder.json': { source: 'prices' },
      'httpupstream.json': { url: upstream.url, timeoutMs: 600_000 },
      'sputnik.json': { timeouts: { landingMs: 4_000 } },
    });
    const satellite = new Satellite(t, cf);
    await satellite.logs('connected');
    await answered(ask);
    const waiting = ask('wait');
    while (upstream.calls.at(-1)?.body !== 'wait') await sleep(20);
    satellite.process.kill('SIGTERM');
    assert.equal(codeIn(await waiting), '503 LANDING');
    // it says so, too: responder.onLanding did not end
    assert.equal((await satellite.ended).code, 1);
  });

test('conf/nats-httpupstream behind conf/nats-request: curl gets what a server in Python answers, through NATS', async (t) => {
  const [server, upstream, port] = [await natsServer(t), await UpstreamServer.start(t), await freePort()];
  await server.start();
  const conf = (name: string): string => fileURLToPath(new URL(`../conf/${name}`, import.meta.url));
  const env = { CONNECTOR_URL: server.url, SPUTNIK_ADMIN_PORT: '0' };
  const behind = new Satellite(t, conf('nats-httpupstream'), {
    ...env,
    HTTPUPSTREAM_URL: upstream.url,
    RESPONDER_SOURCE: 'prices.*',
  });
  const front = new Satellite(t, conf('nats-request'), { ...env, HTTPGATEWAY_PORT: `${port}` });
  await Promise.all([front.logs('connected'), behind.logs('connected')]);
  const client = await connect({ servers: server.url });
  t.after(() => client.close());
  await answered(askNats(client, 'prices.eu'));
  assert.equal(
    await run(
      t,
      'curl',
      '-sf',
      '-H',
      `traceparent: ${TRACEPARENT}`,
      '-d',
      'tea',
      `http://127.0.0.1:${port}/request/prices.eu`,
    ),
    'POST / tea',
  );
  assert.equal(upstream.calls.at(-1)?.headers['traceparent'], TRACEPARENT);
  await upstream.server.stop();
  const status = await run(
    t,
    'curl',
    '-s',
    '-w',
    '%{http_code}',
    '-o',
    '/dev/null',
    '-d',
    'tea',
    `http://127.0.0.1:${port}/request/prices.eu`,
  );
  assert.equal(status, '502');
  await Promise.all([land(front), land(behind)]);
});
