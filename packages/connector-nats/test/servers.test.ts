import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import { connector as definition, NATS_CONFIG } from '@sputnikjs/connector-nats';
import { Collector, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { freePort, natsServer, type RealServer } from '@sputnikjs/testkit/servers';
import { muteServer } from '../../testkit/dist/mute-server.js';
import { addStream, connect, makeConnector, open, started, storedIn, temporaryFolder, withPlain } from './helpers.js';

/** A cluster that has found itself together. */
async function cluster(t: TestContext, size: number, lines: readonly string[] = []): Promise<readonly RealServer[]> {
  const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const servers = await Promise.all(
    ports.map((port, i) =>
      natsServer(t, [
        `server_name: n${i}`,
        `cluster { name: c, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
        ...lines,
      ]),
    ),
  );
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}

test('a server of the list that says nothing keeps nobody from the others for longer than one attempt', async (t) => {
  const [{ url }, mute] = [await started(t), await muteServer()];
  t.after(() => mute.close());
  const connector = makeConnector(t, { url: [`nats://127.0.0.1:${mute.port}`, url] });
  // the time of an attempt is up when it has come to the server that says nothing
  const attempt = new AbortController();
  void mute.connected.then(() => attempt.abort(new Error('the time is up')));
  const first = await connect(connector, attempt.signal).catch(() => undefined);
  const { connection } = first ?? (await connect(connector, AbortSignal.timeout(30_000)));
  assert.equal(connection.url, url);
});

test('the error of an attempt names each server, and what is wrong there', async (t) => {
  const secured = await started(t, ['authorization { user: "me", password: "right" }']);
  const gone = await freePort();
  const failure = await rejection(connect(makeConnector(t, { url: [secured.url, `nats://127.0.0.1:${gone}`] })));
  assert.match(failure.message, /^cannot connect to any of the 2 servers: /);
  assert.match(failure.message, new RegExp(`cannot connect to ${secured.url}`));
  assert.match(failure.message, new RegExp(`cannot connect to nats://127.0.0.1:${gone}: .*ECONNREFUSED`));
});

test('when a server of a cluster dies the next attempt finds another, and messages go on between all of them', async (t) => {
  const servers = await cluster(t, 2, ['jetstream: false']);
  const [url, core] = [servers.map((server) => server.url), { jetstream: false }];
  const { connector, connection, lost } = await open(t, { url, ...core });
  const mine = servers.findIndex((server) => server.url === connection.url);
  await servers[mine]?.stop();
  await lost;
  const again = await connect(connector);
  assert.equal(again.connection.url, servers[1 - mine]?.url);
  const seen = new Collector<string>();
  await again.connection.consumer.consume('a', async (message) => seen.add(textOf(message)));
  await servers[mine]?.start();
  const other = await open(t, { url: servers[mine]?.url, ...core });
  // the other server may not know yet who is subscribed
  for (let n = 0; seen.items.length === 0; n++) {
    await other.connection.producer.produce({ target: 'a', payload: `${n}` });
    await realTime(20);
  }
});

test('JetStream in a cluster of three: what was acknowledged is there when the server of the connection dies', async (t) => {
  const servers = await cluster(t, 3);
  const url = servers.map((server) => server.url);
  // until there is a leader nothing can be made
  for (let made = false; !made; await realTime(100))
    made = await addStream(url[0] ?? '', { name: 'S', subjects: ['a'], num_replicas: 3 }).then(
      () => true,
      () => false,
    );
  let { connector, connection, lost } = await open(t, { url });
  const acknowledged: string[] = [];
  const produce = async (payload: string): Promise<void> => {
    for (;;) {
      try {
        await connection.producer.produce({ target: 'a', payload, id: payload });
        return void acknowledged.push(payload);
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        // without a leader for a moment
        if (code === 'SERVER_FULL') await realTime(50);
        else if (code === 'CONNECTION_LOST') await reconnected();
        else throw error;
      }
    }
  };
  let reconnecting: Promise<void> | undefined;
  const reconnected = (): Promise<void> =>
    (reconnecting ??= (async () => {
      await lost;
      for (;;) {
        try {
          ({ connector, connection, lost } = await connect(connector));
          break;
        } catch {
          await realTime(100);
        }
      }
      reconnecting = undefined;
    })());
  await Promise.all(numbered(500).map(produce));
  const mine = servers.find((server) => server.url === connection.url);
  const rest = Promise.all(Array.from({ length: 500 }, (_, n) => produce(`${500 + n}`)));
  await mine?.stop();
  await rest;
  assert.notEqual(connection.url, mine?.url);
  await mine?.start();
  // the reader needs a leader, too
  let stored: readonly string[] | undefined;
  for (; stored === undefined; await realTime(100))
    stored = await storedIn(connection.url, 'S').then(
      (messages) => messages.map(({ payload }) => payload),
      () => undefined,
    );
  assert.deepEqual(new Set(stored), new Set(acknowledged));
  assert.equal(stored.length, 1_000);
});

// nats-io/jetstream#440 is what comes of two JetStreams that a client cannot tell apart
test('"domain" says which JetStream is meant, that of the leaf node or that of its hub', async (t) => {
  const leafPort = await freePort();
  const hub = await natsServer(
    t,
    ['server_name: hub', `leafnodes { listen: "127.0.0.1:${leafPort}" }`],
    ['domain: hub'],
  );
  await hub.start();
  const remotes = `leafnodes { remotes: [{ url: "nats://127.0.0.1:${leafPort}" }] }`;
  const leaf = await natsServer(t, ['server_name: leaf', remotes], ['domain: leaf']);
  await leaf.start();
  const stream = (name: string): object => ({ name, subjects: [`${name}.>`], storage: 'file' });
  const attempt = (raw: object): ReturnType<typeof open> => open(t, { url: leaf.url, ...raw });
  // the nodes find each other in their time
  let far = await attempt({ domain: 'hub', streams: [stream('far')] }).catch(() => undefined);
  for (; far === undefined; far = await attempt({ domain: 'hub', streams: [stream('far')] }).catch(() => undefined))
    await realTime(50);
  const near = await attempt({ streams: [stream('near')] });
  const seen = new Collector<string>();
  for (const [{ connection }, name] of [
    [far, 'far'],
    [near, 'near'],
  ] as const) {
    await connection.consumer.consume(`${name}.>`, async (message) => {
      seen.add(`${name} ${textOf(message)} ${message.deliveries}`);
      if (!message.redelivered) throw new Error('once more');
    });
    await connection.producer.produce({ target: `${name}.x`, payload: 'hello', id: '1' });
    const again = await connection.producer.produce({ target: `${name}.x`, payload: 'hello', id: '1' });
    assert.deepEqual(again, { duplicate: true });
  }
  await seen.reaches(4);
  assert.deepEqual(seen.items.toSorted(), ['far hello 1', 'far hello 2', 'near hello 1', 'near hello 2']);
  const streamsAt = (url: string): Promise<readonly string[]> =>
    withPlain(url, async (_, { streams }) => {
      const names: string[] = [];
      for await (const name of streams.names()) names.push(name);
      return names;
    });
  assert.deepEqual([await streamsAt(hub.url), await streamsAt(leaf.url)], [['far'], ['near']]);
  await withPlain(hub.url, (_, { streams }) => streams.delete('far'));
  await far.connection.producer.produce({ target: 'far.x', payload: 'made again' });
  await seen.reaches(6);
});

test('a domain that there is not is an error that says so', async (t) => {
  const { url } = await started(t);
  const streams = [{ name: 'S', subjects: ['a'], storage: 'file' }];
  const failure = await rejection(connect(makeConnector(t, { url, domain: 'nowhere', streams })));
  assert.match(failure.message, /^the server has no JetStream at \$JS\.nowhere\.API; is "domain" right\?/);
});

test('what checks a satellite finds files that are missing, or hold something else', async (t) => {
  const folder = await temporaryFolder(t);
  const credsFile = join(folder, 'my.creds');
  await writeFile(credsFile, 'secret');
  const problems = async (raw: object): Promise<readonly string[]> =>
    (await definition.check?.(NATS_CONFIG.parse({ url: 'tls://a', ...raw })))?.problems ?? [];
  assert.deepEqual(await problems({}), []);
  const [tls, creds] = await problems({ caFile: join(folder, 'missing.pem'), credsFile });
  assert.match(tls ?? '', /^cannot read caFile: ENOENT/);
  assert.equal(creds, `credsFile has no JWT and key, as nsc writes them: ${credsFile}`);
  assert.match((await problems({ credsFile: `${credsFile}.not` })).join(), /^cannot read credsFile: ENOENT/);
});
