import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort, mosquitto, type RealServer } from '@sputnikjs/testkit/servers';
import { folder, Program, Satellite, Subscriber } from './support.js';

const BLOCKS = [
  { name: 'producer' },
  { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
  { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
];
/** Four seconds of 4,700 messages each. */
const COUNT = 18_800;
const TEXTS = Array.from({ length: COUNT }, (_, i) => `message ${i}`);

/** A wire to a broker that can be cut: then the broker is away for whoever uses the wire. */
class Wire {
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(t: TestContext, to: number) {
    this.#to = to;
    t.after(() => this.cut());
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  /** The first time on a free port, later on the same one. */
  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.#to, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {}).on('close', () => near.destroy() && far.destroy());
      }
    }).listen(this.#port, '127.0.0.1');
    this.#server = server;
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

interface Scene {
  readonly satellite: Satellite;
  readonly broker: RealServer;
  readonly subscriber: Subscriber;
  readonly wire: Wire;
  /** Where the satellite takes syslog. */
  readonly port: number;
  /** Sends all texts by a real `logger`. */
  readonly blast: () => Program;
}

/** A satellite that takes syslog and is connected to a real broker by a wire, and a subscriber without one. */
async function scene(t: TestContext, timeouts: object = {}): Promise<Scene> {
  const [port, broker] = [await freePort(), await mosquitto(t)];
  await broker.start();
  const wire = new Wire(t, broker.port);
  await wire.mend();
  const subscriber = await Subscriber.to(t, broker.port, '-c', '-i', 'witness');
  const cf = folder(t, {
    'blocks.json': BLOCKS,
    'connector.json': { module: '@sputnikjs/connector-mqtt', url: wire.url },
    'syslogreceiver.json': { port },
    'sputnik.json': { timeouts },
  });
  const satellite = new Satellite(t, cf);
  await satellite.logs('connected');
  const lines = join(folder(t), 'lines');
  writeFileSync(lines, `${TEXTS.join('\n')}\n`);
  const blast = (): Program =>
    new Program(t, 'logger', ['-n', '127.0.0.1', '-P', `${port}`, '-T', '--octet-count', '-f', lines]);
  return { satellite, broker, subscriber, wire, port, blast };
}

/** What has arrived, without repetitions, which QoS 1 allows. */
const arrived = ({ subscriber }: Scene): unknown[] => [
  ...new Set(subscriber.payloads('syslog').map(({ message }) => message)),
];

/** Ends the satellite; returns its exit code and what its last log record says of a block. */
async function land({
  satellite,
}: Scene): Promise<{ code: number | null; clean: unknown; of: (block: string) => Counts }> {
  satellite.process.kill('SIGTERM');
  const { code } = await satellite.ended;
  const [landed] = satellite.records('landed');
  const blocks = landed?.['blocks'] as Record<string, Counts>;
  return { code, clean: landed?.['clean'], of: (block) => blocks[block] ?? assert.fail(`nothing is said of ${block}`) };
}
type Counts = Record<'accepted' | 'handled' | 'failed' | 'dropped', number | undefined>;

/** The most memory it ever had, in megabytes. */
function peakOf({ process: { pid } }: Satellite): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_000;
}

test('a broker that is away in the midst of four seconds of syslog costs no message and no order (hazard 35)', async (t) => {
  const at = await scene(t);
  const logger = at.blast();
  await at.subscriber.until(() => at.subscriber.messages.length > 500, 'some messages');
  at.wire.cut();
  await at.satellite.logs('disconnected');
  assert.ok(arrived(at).length < COUNT, 'it was in the midst');
  await logger.ended;
  await at.satellite.logs('connectFailed');
  await at.wire.mend();
  await at.subscriber.until(() => at.subscriber.messages.at(-1)?.includes(TEXTS.at(-1) ?? '') ?? false, 'the last one');
  assert.deepEqual(arrived(at), TEXTS);
  const { code, clean } = await land(at);
  assert.deepEqual({ code, clean }, { code: 0, clean: true });
});

test('SIGTERM while the broker is away ends with exit 1, and the report counts every message that is lost (hazards 34 and 35)', async (t) => {
  const at = await scene(t);
  at.blast();
  await at.subscriber.until(() => at.subscriber.messages.length > 500, 'some messages');
  at.wire.cut();
  await at.satellite.logs('connectFailed');
  const { code, clean, of } = await land(at);
  assert.deepEqual({ code, clean }, { code: 1, clean: false });
  const { accepted = 0, handled = 0, failed = 0, dropped = 0 } = of('producer');
  assert.ok(accepted > 500 && failed > 0, `accepted ${accepted}, failed ${failed}`);
  assert.equal(handled + failed + dropped, accepted);
  // The broker may have more than it could acknowledge.
  await at.subscriber.until(() => arrived(at).length >= handled, `${handled} messages`);
});

test('while a broker stands still a blast is pushed back to its sender, and takes no more than 60 MB (hazard 37)', async (t) => {
  const at = await scene(t, { heartbeatMs: 500 });
  const sender = connect(at.port, '127.0.0.1');
  t.after(() => sender.destroy());
  const before = peakOf(at.satellite);
  at.broker.freeze();
  const megabyte = Buffer.from(`<13>${'x'.repeat(995)}\n`.repeat(1_000));
  let taken = 0;
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const send = (): unknown => taken < 400 && sender.write(megabyte, took);
  const took = (): void => {
    taken++;
    begin();
    send();
  };
  send();
  // The heartbeat gets no answer.
  await at.satellite.logs('disconnected');
  await begun;
  assert.ok(taken < 100, `${taken} MB were taken`);
  const grown = peakOf(at.satellite) - before;
  t.diagnostic(`${taken} MB taken, memory grown from ${before} by ${grown} MB`);
  assert.ok(grown < 60, `${grown} MB`);
  at.broker.thaw();
  await at.satellite.logs('connected', 2);
  sender.destroy();
  const { code, of } = await land(at);
  assert.equal(code, 0);
  const { accepted } = of('producer');
  assert.equal(of('producer').handled, accepted);
});

test('a blocks.json that does not parse, and a folder that is missing, end with exit 78 and the reason (hazard 38)', async (t) => {
  const broken = folder(t, { 'blocks.json': '[{ "name": "producer" ]' });
  for (const [cf, reason] of [
    [broken, /blocks\.json:1:\d+: expected/],
    [join(broken, 'nowhere'), /nowhere: cannot be read as a folder: ENOENT/],
  ] as const) {
    const satellite = new Satellite(t, cf);
    assert.deepEqual(await satellite.ended, { code: 78, signal: null });
    assert.equal(satellite.errors.length, 1);
    assert.match(satellite.errors[0] ?? '', reason);
  }
});
