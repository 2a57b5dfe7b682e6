import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect as connectTo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { storedIn } from './stored.js';
import { folder, Satellite } from './support.js';

const CONF = fileURLToPath(new URL('../conf/nats-spool', import.meta.url));
const CLIENTS = 64;
/** How long the satellite flies before it is killed, in milliseconds: at least, and how much more by chance. */
const [LEAST_MS, MORE_MS] = [50, 500] as const;

/** Lines of a burst, and the time between two. */
const [BURST, PAUSE_MS] = [100, 5] as const;

/** The body that a client sends as its n-th; of different lengths. */
const bodyOf = (client: number, n: number): string =>
  `${client}-${n} ${'x'.repeat((client * 7_919 + n * 104_729) % 2_000)}`;

/** Clients that post one message after the other, whatever comes of it. */
class HttpLoad {
  /** The bodies that were answered 202. */
  readonly accepted = new Set<string>();
  isOver = false;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => this.#send(client)));
    this.#agent.destroy();
  }

  async #send(client: number): Promise<void> {
    for (let n = 0; !this.isOver; n++) {
      const body = bodyOf(client, n);
      const status = await this.#post(body).catch(() => 0);
      if (status === 202) this.accepted.add(body);
      else await sleep(20);
    }
  }

  async #post(body: string): Promise<number | undefined> {
    const posting = request({
      agent: this.#agent,
      method: 'POST',
      host: '127.0.0.1',
      port: this.#port,
      path: '/produce/http.load',
    });
    posting.end(body);
    const [answer] = (await once(posting, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode;
  }
}

/** Sends numbered lines over TCP, in bursts, so that HTTP gets its turn. Opens another connection when one is cut, and counts from 0 there. */
class TcpLoad {
  connections = 0;
  sent = 0;
  isOver = false;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async run(): Promise<void> {
    while (!this.isOver) {
      const socket = connectTo(this.#port, '127.0.0.1');
      await this.#send(socket).catch(() => sleep(5));
      socket.destroy();
    }
  }

  async #send(socket: Socket): Promise<void> {
    await once(socket, 'connect');
    const connection = this.connections++;
    const broken = once(socket, 'close').then(() => Promise.reject(new Error('closed')));
    broken.catch(() => {});
    for (let n = 0; !this.isOver; n++) {
      this.sent++;
      if (!socket.write(`<13>${connection}-${n}\n`)) await Promise.race([once(socket, 'drain'), broken]);
      if (n % BURST === 0) await Promise.race([sleep(PAUSE_MS), broken]);
    }
    socket.end();
    await once(socket, 'close');
  }
}

/** The lines of each connection are there from the first to the last that came, in order, each once. */
function assertUnbroken(lines: readonly string[]): void {
  const next = new Map<string, number>();
  for (const line of lines) {
    const [connection = '', n] = line.split('-');
    assert.equal(Number(n), next.get(connection) ?? 0, `of connection ${connection}`);
    next.set(connection, Number(n) + 1);
  }
}

/** Which of the kills is one of the server, too. */
export interface Trial {
  readonly kills: number;
  readonly everyServerKill?: number | undefined;
}

/** Kills the satellite again and again under load over HTTP and TCP. Then JetStream must have each accepted message once. */
export async function kill(t: TestContext, { kills, everyServerKill = Infinity }: Trial): Promise<void> {
  const [server, syslogPort, httpPort] = [await natsServer(t), await freePort(), await freePort()];
  await server.start();
  const env = {
    CONNECTOR_URL: server.url,
    SYSLOGRECEIVER_PORT: `${syslogPort}`,
    HTTPGATEWAY_PORT: `${httpPort}`,
    SPUTNIK_ADMIN_PORT: '0',
    SPOOL_PATH: folder(t),
    SPOOL_FLUSH_AT_LANDING_MS: '14000',
  };
  const [http, tcp] = [new HttpLoad(httpPort), new TcpLoad(syslogPort)];
  const loads = Promise.all([http.run(), tcp.run()]);
  t.after(() => (http.isOver = tcp.isOver = true));
  let satellite = new Satellite(t, CONF, env);
  for (let n = 1; n <= kills; n++) {
    await satellite.logs('launched');
    await sleep(LEAST_MS + Math.random() * MORE_MS);
    if (n % everyServerKill === 0) await server.stop();
    satellite.process.kill('SIGKILL');
    await satellite.ended;
    satellite = new Satellite(t, CONF, env);
    if (n % everyServerKill === 0) await server.start();
  }
  await satellite.logs('connected');
  await sleep(MORE_MS);
  http.isOver = tcp.isOver = true;
  await loads;
  // What a landing has no time for is delivered after the next start.
  for (;;) {
    satellite.process.kill('SIGTERM');
    assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
    if (satellite.records('spoolKept').length === 0) break;
    satellite = new Satellite(t, CONF, env);
    await satellite.logs('connected');
  }
  const stored = await storedIn(server);
  const there = new Set(stored.http);
  const missing = [...http.accepted].filter((body) => !there.has(body));
  const twice = stored.http.length - there.size;
  t.diagnostic(
    `${kills} kills: ${http.accepted.size} of HTTP accepted, ${there.size} stored, ${missing.length} missing, ${twice} twice; ` +
      `${tcp.sent} of TCP written, ${stored.syslog.length} stored, on ${tcp.connections} connections`,
  );
  assert.deepEqual(missing, []);
  assert.equal(twice, 0);
  for (const body of there) {
    const [client, n] = body.split(' ', 1)[0]?.split('-').map(Number) ?? [];
    assert.equal(body, bodyOf(client ?? 0, n ?? 0));
  }
  assertUnbroken(stored.syslog);
  assert.ok(http.accepted.size > kills && stored.syslog.length > kills);
}
