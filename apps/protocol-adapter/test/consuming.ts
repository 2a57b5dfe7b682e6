import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { numbered } from '@sputnikjs/testkit';
import { freePort, mosquitto, natsServer, rabbitmqServer, redisServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { folder, Program, run, Satellite } from './support.js';

/** A satellite that serves a source of a server, its HTTP port, and how to start it again. */
export async function serve(
  t: TestContext,
  connector: object,
  source: string,
  more: object = {},
  env: Record<string, string> = {},
) {
  const port = await freePort();
  const cf = folder(t, {
    'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
    'connector.json': connector,
    'httpgateway.json': { port, consume: { sources: [source], ...more } },
  });
  const again = (): Satellite => new Satellite(t, cf, env);
  const satellite = again();
  await satellite.logs('connected');
  return { satellite, port, again };
}

/** Has curl consume; resolves when the answer has begun. */
export async function read(t: TestContext, port: number, source: string, ...args: readonly string[]): Promise<Program> {
  const url = `http://127.0.0.1:${port}/consume/${encodeURIComponent(source)}`;
  const curl = new Program(t, 'curl', ['-sS', '-N', '-v', ...args, url]);
  await curl.until(() => curl.errors.some((line) => line.startsWith('< HTTP/1.1 200')), 'an answer');
  return curl;
}

/** The payloads that curl has printed, as lines or as events. */
export const payloadsOf = ({ lines }: Program): readonly unknown[] =>
  lines
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line.startsWith('{'))
    .map((line) => (JSON.parse(line) as { payload?: unknown }).payload);

export async function land(satellite: Satellite): Promise<void> {
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
}

/** Says a line of the protocol of NATS to a server, and waits until it is done. */
export async function sayToNats(port: number, ...messages: readonly (readonly [string, string])[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const pubs = messages.map(([subject, text]) => `PUB ${subject} ${Buffer.byteLength(text)}\r\n${text}\r\n`);
  socket.write(`CONNECT {"verbose":false}\r\n${pubs.join('')}PING\r\n`);
  let said = '';
  for await (const bytes of socket) if ((said += String(bytes)).includes('PONG')) break;
  socket.destroy();
}

export const STREAMS = [{ name: 'ALL', subjects: ['news.>'], storage: 'file' }];

/** The four servers, each with what a client of its own publishes there, and what a connector needs to consume that. */
export async function fourServers(t: TestContext) {
  const servers = {
    nats: await natsServer(t),
    mqtt: await mosquitto(t),
    redis: await redisServer(t),
    amqp: await rabbitmqServer(t),
  };
  const publish: Readonly<Record<keyof typeof servers, (text: string) => Promise<unknown>>> = {
    nats: (text) => sayToNats(servers.nats.port, ['news.eu', text]),
    mqtt: (text) => run(t, 'mosquitto_pub', '-p', `${servers.mqtt.port}`, '-q', '1', '-t', 'news/eu', '-m', text),
    redis: (text) => run(t, 'redis-cli', '-p', `${servers.redis.port}`, 'XADD', 'news', '*', 'payload', text),
    async amqp(text) {
      const client = new Connection(`amqp://guest:guest@127.0.0.1:${servers.amqp.port}`);
      const publisher = client.createPublisher({ confirm: true });
      await publisher.send({ routingKey: 'news' }, Buffer.from(text));
      await publisher.close();
      await client.close();
    },
  };
  const facts = {
    nats: ['news.>', { streams: STREAMS }],
    // a kept session, since no other has messages wait for who comes later
    mqtt: ['news/#', { cleanSession: false, clientId: 'reader' }],
    redis: ['news', {}],
    amqp: ['news', { queues: [{ name: 'news', type: 'classic' }] }],
  } as const;
  return (['nats', 'mqtt', 'redis', 'amqp'] as const).map((name) => {
    const [source, more] = facts[name];
    const connector = { module: `@sputnikjs/connector-${name}`, url: servers[name].url, ...more };
    return { name, server: servers[name], source, connector, publish: publish[name] };
  });
}

/** A proxy before a port of 127.0.0.1, whose connections can be cut. */
export async function proxyTo(t: TestContext, target: number): Promise<{ readonly port: number; cut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from.on('error', () => {}));
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, cut };
}

/** Has curl ask for server-sent events. */
export const EVENTS: readonly string[] = ['-H', 'Accept: text/event-stream'];

/** Has curl ask for what comes after an event. */
export const behind = (id: string): string[] => ['-H', `Last-Event-ID: ${id}`];

/** The ids of the events that curl has printed. */
export const idsOf = ({ lines }: Program): readonly string[] =>
  lines.filter((line) => line.startsWith('id: ')).map((line) => line.slice(4));

/** Publishes numbers to a subject, those behind `from` up to `to`. */
export const publishToNats = (port: number, from: number, to: number): Promise<void> =>
  sayToNats(
    port,
    ...numbered(to)
      .slice(from)
      .map((n) => ['news.eu', n] as const),
  );

/** The memory of a satellite, in MB. */
export const memoryOf = ({ process: { pid } }: Satellite): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** So many connections, opened by the hundred, that send a request and read nothing; until the end of the test. */
export async function unread(t: TestContext, port: number, count: number, request: string): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  while (sockets.length < count) {
    const opened = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    sockets.push(...opened);
    await Promise.all(opened.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
    for (const socket of opened) {
      socket.pause();
      socket.write(request);
    }
  }
  return sockets;
}
