import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, headers as natsHeaders } from '@nats-io/transport-node';
import { freePort, natsServer, rabbitmqServer } from '@sputnikjs/testkit/servers';
import { Connection, type AsyncMessage } from 'rabbitmq-client';
import { folder, run, Satellite } from './support.js';

/** What a client that is not ours answers to a request, with the status that its header says. */
interface Said {
  readonly text: string;
  readonly status?: string | undefined;
}

/** Echoes; says 404 to "unknown", and nothing at all to "silence". */
function answerTo(text: string): Said | undefined {
  if (text === 'silence') return undefined;
  return text === 'unknown' ? { text: 'no such thing', status: '404' } : { text: `re: ${text}` };
}

async function onNats(t: TestContext) {
  const server = await natsServer(t);
  await server.start();
  const plain = await connect({ servers: `127.0.0.1:${server.port}`, reconnect: false });
  t.after(() => plain.close());
  plain.subscribe('ask.me', {
    callback: (_, message) => {
      const said = answerTo(message.string());
      const headers = natsHeaders();
      headers.set('Content-Type', 'text/plain');
      if (said?.status !== undefined) headers.set('status', said.status);
      if (said !== undefined) message.respond(said.text, { headers });
    },
  });
  await plain.flush();
  return { server, connector: { module: '@sputnikjs/connector-nats', url: server.url } };
}

async function onRabbitmq(t: TestContext) {
  const server = await rabbitmqServer(t);
  await server.start();
  const plain = new Connection(`amqp://guest:guest@127.0.0.1:${server.port}`);
  plain.on('error', () => {});
  t.after(async () => plain.unsafeDestroy());
  const channel = await plain.acquire();
  await channel.queueDeclare({ queue: 'ask.me' });
  const answered = async ({ body, replyTo, correlationId }: AsyncMessage): Promise<void> => {
    const said = answerTo(String(body));
    if (said === undefined || replyTo === undefined || correlationId === undefined) return;
    const headers = said.status === undefined ? {} : { status: said.status };
    const envelope = { routingKey: replyTo, correlationId, contentType: 'text/plain', headers };
    await channel.basicPublish(envelope, Buffer.from(said.text));
  };
  await channel.basicConsume({ queue: 'ask.me', noAck: true }, (message) => void answered(message));
  return { server, connector: { module: '@sputnikjs/connector-amqp', url: server.url } };
}

for (const [name, on] of [
  ['NATS', onNats],
  ['RabbitMQ', onRabbitmq],
] as const)
  test(`${name}: what a foreign client replies is what curl gets; what goes wrong has its status and code`, async (t) => {
    const { server, connector } = await on(t);
    const port = await freePort();
    const cf = folder(t, {
      'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
      'connector.json': connector,
    });
    for (const token of ['one', 'two']) writeFileSync(join(cf, token), `secret-${token}`);
    const tokens = [
      { name: 'one', file: join(cf, 'one'), requests: ['ask.*', 'nobody'] },
      { name: 'two', file: join(cf, 'two'), targets: ['*'] },
    ];
    const request = { targets: ['ask.*', 'nobody'], timeoutMs: 3_000 };
    writeFileSync(join(cf, 'httpgateway.json'), JSON.stringify({ port, tokens, request }));
    const satellite = new Satellite(t, cf);
    await satellite.logs('connected');

    const curl = async (target: string, body: string, token = 'one', ...args: readonly string[]) => {
      const auth = ['-H', `authorization: Bearer secret-${token}`, '-H', 'content-type: text/plain'];
      const url = `http://127.0.0.1:${port}/request/${target}`;
      const out = await run(
        t,
        'curl',
        '-sS',
        '-w',
        '\n%{http_code} %{content_type}',
        ...auth,
        ...args,
        '-d',
        body,
        url,
      );
      const lines = out.trimEnd().split('\n');
      const [status, type] = (lines.pop() ?? '').split(' ');
      return { status, type, body: lines.join('\n') };
    };
    const refused = async (...asked: Parameters<typeof curl>): Promise<string> => {
      const { status, body } = await curl(...asked);
      return `${status} ${(JSON.parse(body) as { code: string }).code}`;
    };
    assert.deepEqual(await curl('ask.me', 'żółw'), { status: '200', type: 'text/plain', body: 're: żółw' });
    assert.deepEqual(await curl('ask.me', 'unknown'), { status: '404', type: 'text/plain', body: 'no such thing' });
    assert.equal(await refused('ask.me', 'silence'), '504 NO_REPLY');
    assert.equal(await refused('nobody', 'x'), '503 NOBODY_LISTENS');
    assert.equal(await refused('ask.me', 'x', 'two'), '403 FORBIDDEN');
    assert.equal(await refused('other', 'x'), '403 FORBIDDEN');
    assert.equal(await refused('ask.me', 'x', 'none'), '401 UNAUTHORIZED');
    assert.equal(await refused('ask.me', 'x', 'one', '-H', 'idempotency-key: 1'), '400 BAD_REQUEST');
    const many = Array.from({ length: 20 }, (_, n) => `${n}`);
    // no curl for each: this process answers, too, and would be busy starting them
    const headers = { authorization: 'Bearer secret-one' };
    const replies = many.map((body) =>
      fetch(`http://127.0.0.1:${port}/request/ask.me`, { method: 'POST', headers, body }),
    );
    assert.deepEqual(
      await Promise.all((await Promise.all(replies)).map((reply) => reply.text())),
      many.map((text) => `re: ${text}`),
    );

    await server.stop();
    await satellite.logs('disconnected');
    assert.equal(await refused('ask.me', 'x'), '503 SERVER_AWAY');
    satellite.process.kill('SIGTERM');
    assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  });

test('conf/nats-request answers curl with what a client of NATS replies', async (t) => {
  const [server, port] = [await natsServer(t), await freePort()];
  await server.start();
  const satellite = new Satellite(t, fileURLToPath(new URL('../conf/nats-request', import.meta.url)), {
    CONNECTOR_URL: server.url,
    HTTPGATEWAY_PORT: `${port}`,
    SPUTNIK_ADMIN_PORT: '0',
  });
  await satellite.logs('connected');
  const plain = await connect({ servers: `127.0.0.1:${server.port}`, reconnect: false });
  t.after(() => plain.close());
  plain.subscribe('prices.eu', { callback: (_, message) => void message.respond(`${message.string()}: 3 EUR`) });
  await plain.flush();
  const url = `http://127.0.0.1:${port}/request/prices.eu`;
  assert.equal(await run(t, 'curl', '-sf', '-d', 'tea', url), 'tea: 3 EUR');
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
});
