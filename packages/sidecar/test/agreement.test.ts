import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import type { Page } from 'playwright-core';
import { STATUS_SCHEMA } from '../dist/admin/status-schema.js';
import type { Status } from '../dist/admin/status.js';
import { eventually } from './admin-helpers.js';
import { looking } from './browser.js';
import { Cli, cliHere, folder } from './helpers.js';

/** What is to be seen within a second may take longer on a machine that has more to do. */
const LATEST_MS = 10_000;
/** A heartbeat that is not answered is noticed after twice as long. */
const HEARTBEAT_MS = 300;

/** Blocks with trouble: `gate` holds "slow" ones while there is a file, and sends "refused" and "copied" on without asking. */
const TROUBLE = `import { existsSync } from 'node:fs';
import { defineBlock } from '@sputnikjs/core';
const file = new URL('busy', import.meta.url);
export const gate = defineBlock({
  name: 'gate',
  address: 'producer',
  needs: { producer: 'producer', copies: 'copies' },
  make: (_config, to, { clock }) => ({
    mailbox: { capacity: 4, concurrency: 1 },
    async onMsg(message) {
      const text = String(message.payload);
      while (text.includes('slow') && existsSync(file)) await clock.sleep(10);
      if (text.includes('refused')) return void to.producer.send({ ...message, target: 'no.stream.takes.this' });
      if (text.includes('copied')) for (let n = 0; n < 5; n++) to.copies.send({ n });
      await to.producer.post(message);
    },
  }),
});
export const copies = defineBlock({
  name: 'copies',
  make: () => ({ mailbox: { capacity: 2, whenFull: 'drop-oldest' }, onMsg() {} }),
});
`;

/** Every place at which an operator may look. */
interface Places {
  readonly readyz: string;
  readonly status: Status;
  readonly metrics: ReadonlyMap<string, number>;
  /** What the page says: its word, and its sentence. */
  readonly page: string;
  readonly command: string;
  readonly top: string;
  /** Lines of the log since the last trouble began. */
  readonly log: readonly Record<string, unknown>[];
}

type Signs = { readonly [Place in keyof Places]: (shown: Places[Place]) => boolean };

/** A satellite as an operator runs it, with all that can be seen of it. */
class Observed {
  readonly satellite: Cli;
  readonly top: Cli;
  /** While it is there, messages that are slow wait. */
  readonly busy: string;
  readonly #url: string;
  readonly #syslog: number;
  readonly #page: Page;
  #logged = 0;

  static async start(t: TestContext, server: string, look: (observed: Observed) => Promise<void>): Promise<void> {
    const [admin, syslog, http] = [await freePort(), await freePort(), await freePort()];
    const cf = await folder({
      busy: '',
      'trouble.mjs': TROUBLE,
      'blocks.json': [
        { name: 'producer' },
        { name: 'copies', module: './trouble.mjs' },
        { name: 'gate', module: './trouble.mjs', responsibility: 'gate' },
        { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog', needs: { producer: 'gate' } },
        { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
        { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
      ],
      'connector.json': {
        module: '@sputnikjs/connector-nats',
        url: server,
        streams: [{ name: 'LOGS', subjects: ['syslog'], storage: 'memory' }],
      },
      'sputnik.json': { admin: { port: admin }, timeouts: { heartbeatMs: HEARTBEAT_MS } },
      'syslogproducer.json': { target: 'syslog' },
      'syslogreceiver.json': { port: syslog },
      'httpgateway.json': { port: http },
    });
    const url = `http://127.0.0.1:${admin}`;
    const satellite = new Cli(['run', '--cf', cf]);
    await satellite.event('connected');
    const top = new Cli(['top', '--admin', url]);
    t.after(() => top.child.kill('SIGKILL'));
    await looking(url, [{ isRefused: true }], async (page) =>
      look(new Observed(satellite, top, join(cf, 'busy'), url, syslog, page)),
    );
  }

  private constructor(satellite: Cli, top: Cli, busy: string, url: string, syslog: number, page: Page) {
    this.satellite = satellite;
    this.top = top;
    this.busy = busy;
    this.#url = url;
    this.#syslog = syslog;
    this.#page = page;
  }

  /** Sends a message of each text by syslog. */
  async send(texts: readonly string[]): Promise<void> {
    const socket = connect(this.#syslog, '127.0.0.1');
    const lines = texts.map((text) => `<13>1 2026-11-30T12:00:00Z host app - - - ${text}\n`);
    await new Promise((resolve) => socket.end(lines.join(''), () => resolve(undefined)));
  }

  /** Has trouble begin, and waits until each place shows it; prints how long that took. */
  async shows(t: TestContext, what: string, begin: () => void | Promise<void>, signs: Signs): Promise<void> {
    this.#logged = this.satellite.stdout.length;
    const [seen, since] = [this.top.stdout.length, performance.now()];
    await begin();
    const asked: { readonly [Place in keyof Places]: () => Promise<Places[Place]> } = {
      readyz: async () => (await this.#get('/readyz?verbose')).text,
      status: () => this.status(),
      metrics: () => this.metrics(),
      page: () => this.#said(),
      command: async () => (await cliHere(['status', '--admin', this.#url])).stdout.join('\n'),
      top: async () => this.top.stdout.slice(seen).join('\n'),
      log: async () => this.log,
    };
    const took = async (place: keyof Places): Promise<string> => {
      const [ask, isShown] = [asked[place], signs[place] as (shown: unknown) => boolean];
      const deadline = performance.now() + LATEST_MS;
      for (;;) {
        const shown = await ask();
        if (isShown(shown)) return `${place} ${Math.round(performance.now() - since)} ms`;
        if (performance.now() > deadline) assert.fail(`${what} is not in ${place}: ${JSON.stringify(shown)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const places = Object.keys(asked) as (keyof Places)[];
    t.diagnostic(`${what}: ${(await Promise.all(places.map((place) => took(place)))).join(', ')}`);
  }

  /** The lines of the log since the last trouble began. */
  get log(): readonly Record<string, unknown>[] {
    return this.satellite.stdout.slice(this.#logged).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async status(): Promise<Status> {
    return STATUS_SCHEMA.parse(JSON.parse((await this.#get('/status')).text));
  }

  /** Each value, by the metric with its labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const lines = (await this.#get('/metrics')).text.split('\n').filter((line) => /^[^#]/.test(line));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  }

  /** A figure that the page shows. */
  async figure(name: string): Promise<string> {
    const facts = this.#page.locator('#facts > div').filter({ has: this.#page.locator('dt', { hasText: name }) });
    return (await facts.locator('.value').textContent()) ?? '';
  }

  async #said(): Promise<string> {
    const [word, sentence] = [this.#page.locator('#word'), this.#page.locator('#sentence')];
    return `${await word.textContent()}: ${await sentence.textContent()}`.replaceAll('\u00A0', ' ');
  }

  async #get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${this.#url}${path}`);
    return { status: response.status, text: await response.text() };
  }
}

/** The sum of a metric over its labels. */
function total(metrics: ReadonlyMap<string, number>, name: string): number {
  const own = [...metrics].filter(([key]) => key === name || key.startsWith(`${name}{`));
  return own.reduce((sum, [, value]) => sum + value, 0);
}

/** Figures of messages are the same wherever they are. Asked when nothing moves. */
async function assertAgreement(observed: Observed): Promise<Status> {
  const [status, metrics] = [await observed.status(), await observed.metrics()];
  const { blocks, held, lost, server, ready } = status;
  const under = total(metrics, 'sputnik_mailbox_depth') + total(metrics, 'sputnik_block_messages_under_way');
  assert.equal(under + total(metrics, 'sputnik_syslogproducer_kept_messages'), held, 'what is held');
  assert.equal(total(metrics, 'sputnik_messages_lost_total'), lost.total, 'what is lost');
  assert.equal(
    blocks.reduce((sum, block) => sum + block.lost, 0),
    lost.total,
    'what blocks lost',
  );
  assert.equal(total(metrics, 'sputnik_server_losses_total'), server.losses);
  assert.equal(total(metrics, 'sputnik_ready'), ready.ok ? 1 : 0);
  assert.equal(total(metrics, 'sputnik_server_connected'), server.state === 'connected' ? 1 : 0);
  await eventually(
    async () => [await observed.figure('Lost'), await observed.figure('Waiting')],
    ([gone, waiting]) => gone === `${lost.total}` && waiting === `${held}`,
  );
  return status;
}

test('an outage, an overload and a loss are seen at once wherever one looks, and all figures agree', async (t) => {
  const server = await natsServer(t);
  await server.start();
  await Observed.start(t, server.url, async (observed) => {
    const away: Signs = {
      readyz: (text) => /^\[-\] server: the server has been away/m.test(text),
      status: ({ server: { away }, summary }) => away && summary.includes('Server away for'),
      metrics: (metrics) => metrics.get('sputnik_server_connected') === 0 && metrics.get('sputnik_ready') === 0,
      page: (text) => text.startsWith('Server away: ') && text.includes('Server away for'),
      command: (text) => text.includes('not ready') && text.includes('Server away for'),
      top: (text) => text.includes('not ready') && text.includes('Server away for'),
      log: (lines) => lines.some(({ event }) => event === 'disconnected'),
    };
    const flies = (lines: number): Promise<unknown> =>
      eventually(
        async () => [await observed.status(), observed.log] as const,
        ([{ held, ready }, log]) =>
          ready.ok && held === 0 && log.filter(({ event }) => event === 'connected').length === lines,
      );

    await observed.shows(t, 'a server that is killed', () => server.stop(), away);
    await observed.send(['one', 'two', 'three']);
    await eventually(
      () => observed.status(),
      ({ held }) => held === 3,
    );
    const killed = await assertAgreement(observed);
    assert.equal(killed.server.losses, 1);
    assert.match(killed.summary, /3 messages wait for it\./);
    await server.start();
    await flies(1);
    await assertAgreement(observed);

    await observed.shows(t, 'a server that hangs', () => server.freeze(), away);
    assert.equal((await assertAgreement(observed)).server.losses, 2);
    server.thaw();
    await flies(1);

    const slow = Array.from({ length: 5 }, () => 'slow');
    await observed.shows(t, 'an overloaded block', () => observed.send(slow), {
      readyz: (text) => /^\[\+\] delivery: /m.test(text),
      status: ({ bottleneck, summary }) => bottleneck === 'gate' && summary.includes('gate is the bottleneck'),
      metrics: (metrics) =>
        (metrics.get('sputnik_mailbox_depth{block="gate"}') ?? 0) >=
        (metrics.get('sputnik_mailbox_capacity{block="gate"}') ?? Infinity) / 2,
      page: (text) => text.startsWith('Overloaded: ') && text.includes('gate is the bottleneck'),
      command: (text) => /^gate .*◂$/m.test(text) && text.includes('gate is the bottleneck'),
      top: (text) => /^gate .*◂$/m.test(text) && text.includes('gate is the bottleneck'),
      log: (lines) => lines.some(({ event, block }) => event === 'overloaded' && block === 'gate'),
    });
    const full = await assertAgreement(observed);
    assert.equal(full.held, 5);
    await rm(observed.busy);
    await flies(0);

    const lost = (block: string, how: string, count: number, event: string): Signs => ({
      readyz: (text) => /^\[\+\] delivery: /m.test(text),
      status: ({ lost: { places } }) =>
        places.some((one) => one.block === block && one.how === how && one.count === count),
      metrics: (metrics) => metrics.get(`sputnik_messages_lost_total{block="${block}"}`) === count,
      page: (text) => text.startsWith('Messages lost: ') && text.includes(`${count} ${how} in ${block}`),
      command: (text) => text.includes(`${count} ${how} in ${block}`),
      top: (text) => text.includes(`${count} ${how} in ${block}`),
      log: (lines) => lines.some((line) => line['event'] === event && line['block'] === block),
    });
    await observed.shows(
      t,
      'a message that the server refuses',
      () => observed.send(['refused']),
      lost('producer', 'failed', 1, 'failed'),
    );
    await observed.shows(
      t,
      'messages that are dropped',
      () => observed.send(['copied']),
      lost('copies', 'dropped', 3, 'dropped'),
    );
    const all = await assertAgreement(observed);
    assert.equal(all.lost.total, 4);

    observed.satellite.child.kill('SIGTERM');
    assert.equal(await observed.satellite.end(), 1);
    const { msg, dropped, failures } = observed.log.at(-1) as {
      readonly msg: string;
      readonly dropped: object;
      readonly failures: readonly { readonly place: string; readonly count: number }[];
    };
    const counted = observed.log.filter(({ event }) => event === 'dropped').map(({ count }) => Number(count));
    assert.equal(
      counted.reduce((sum, count) => sum + count, 0),
      3,
      'what the lines say',
    );
    assert.deepEqual(dropped, { copies: 3 }, msg);
    assert.deepEqual(
      failures.map(({ place, count }) => [place, count]),
      [['producer.onMsgs', 1]],
      msg,
    );
  });
});
