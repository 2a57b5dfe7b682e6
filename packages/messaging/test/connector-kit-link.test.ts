import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { confFactory, SputnikError } from '@sputnikjs/core';
import { Link, LinkConnector } from '@sputnikjs/messaging/connector';
import { gate, MemoryLog, rejection, type Gate } from '@sputnikjs/testkit';

/** A link to nowhere, whose server is the test. */
class TestLink extends Link {
  readonly log: string[] = [];
  answers: Gate[] = [];
  left: Gate = gate();

  constructor() {
    super('test://server');
  }

  protected override pingServer(): Promise<unknown> {
    const answer = gate();
    this.answers.push(answer);
    return answer.passed;
  }

  protected override release(cause: Error): void {
    this.log.push(`released: ${cause.message}`);
  }

  protected override sayGoodbye(): Promise<unknown> {
    this.log.push('leaving');
    return this.left.passed;
  }

  user(name: string): { ended(error: Error): void } {
    return { ended: () => this.log.push(`${name} told`) };
  }
}

class TestConnector extends LinkConnector<TestLink, { readonly of: TestLink }> {
  readonly links: TestLink[] = [];
  opening = async (_signal: AbortSignal): Promise<void> => {};
  preparing = async (_link: TestLink): Promise<void> => {};

  constructor(clearHost?: string, secretFiles?: readonly (string | undefined)[]) {
    super('test', clearHost, secretFiles);
  }

  protected override async open(signal: AbortSignal): Promise<TestLink> {
    await this.opening(signal);
    const link = new TestLink();
    this.links.push(link);
    return link;
  }

  protected override async prepare(link: TestLink): Promise<{ readonly of: TestLink }> {
    await this.preparing(link);
    return { of: link };
  }
}

const config = confFactory(() => undefined);

/** An attempt that can be aborted, and the losses reported to it. */
class Attempt {
  readonly losses: unknown[] = [];
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;
  readonly lost = (reason?: unknown): void => void this.losses.push(reason);

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}

test('a link that ends lets go of its connections, tells its users and those who watch, and rejects what is under way; the first reason counts', async () => {
  const link = new TestLink();
  link.add(link.user('a'));
  link.onEnd(() => link.log.push('watcher told'));
  const leaves = link.user('b');
  link.add(leaves);
  link.remove(leaves);
  const working = rejection(link.during(new Promise(() => {})));
  link.end(new Error('the first reason'));
  link.end(new Error('the second reason'));
  const error = await working;
  assert.equal(error, link.over);
  assert.ok(error instanceof SputnikError);
  assert.equal(error.code, 'CONNECTION_LOST');
  assert.equal(error.message, 'the connection to test://server is lost: the first reason');
  assert.deepEqual(link.log, ['released: the first reason', 'a told', 'watcher told']);
});

test('who comes when a link is over is told at once, and no work begins', async () => {
  const link = new TestLink();
  link.end(new Error('over'));
  link.add(link.user('late'));
  link.onEnd(() => link.log.push('late watcher told'));
  assert.deepEqual(link.log.slice(1), ['late told', 'late watcher told']);
  assert.equal(await rejection(link.during(Promise.resolve())), link.over);
  assert.equal(await link.ping(), false);
});

test('what fails because the link ends rejects with why it ended, what fails by itself with its own error', async () => {
  const link = new TestLink();
  const own = new Error('own');
  assert.equal(await rejection(link.during(Promise.reject(own))), own);
  assert.equal(await link.during(Promise.resolve(1)), 1);
  const failing = link.during(
    Promise.resolve().then(() => {
      link.end(new Error('over'));
      throw own;
    }),
  );
  assert.equal(await rejection(failing), link.over);
});

test('one ping at a time is sent; until it is answered the link does not count as alive', async () => {
  const link = new TestLink();
  assert.ok(link.alive);
  const pings = [link.ping(), link.ping()];
  assert.equal(link.answers.length, 1);
  assert.ok(!link.alive);
  link.answers[0]?.open();
  assert.deepEqual(await Promise.all(pings), [true, true]);
  assert.ok(link.alive);
  const last = link.ping();
  assert.equal(link.answers.length, 2);
  link.end(new Error('over'));
  assert.equal(await last, false);
});

test('a link takes leave before it ends, for a second at the most', async (t) => {
  const polite = new TestLink();
  const closing = polite.close();
  assert.deepEqual(polite.log, ['leaving']);
  polite.left.open();
  await closing;
  assert.deepEqual(polite.log, ['leaving', 'released: the satellite has disconnected']);
  await polite.close();
  assert.equal(polite.log.length, 2);

  t.mock.timers.enable({ apis: ['setTimeout'] });
  const silent = new TestLink();
  const given = silent.close();
  t.mock.timers.tick(999);
  await Promise.resolve();
  assert.equal(silent.over, undefined);
  t.mock.timers.tick(1);
  await given;
  assert.ok(silent.over);
});

test('a link that ends while it takes leave is waited for no longer, and the goodbye is said once', async () => {
  const link = new TestLink();
  const closing = [link.close(), link.close()];
  link.end(new Error('cut'));
  await Promise.all(closing);
  assert.deepEqual(link.log, ['leaving', 'released: cut']);
});

test('an attempt that is aborted while it prepares ends its link, and rejects at once with the reason', async () => {
  const connector = new TestConnector();
  const begun = gate();
  connector.preparing = (link) => {
    begun.open();
    return link.during(new Promise(() => {}));
  };
  const attempt = new Attempt();
  const connecting = rejection(connector.connect(config, attempt));
  await begun.passed;
  const reason = new Error('too late');
  attempt.abort(reason);
  assert.equal(await connecting, reason);
  assert.deepEqual(connector.links[0]?.log, ['released: too late']);
  assert.deepEqual(attempt.losses, []);
});

test('an attempt is aborted even if what prepares it hears nothing of that', async () => {
  const connector = new TestConnector();
  const begun = gate();
  connector.preparing = () => {
    begun.open();
    return new Promise(() => {});
  };
  const attempt = new Attempt();
  const connecting = rejection(connector.connect(config, attempt));
  await begun.passed;
  const reason = new Error('too late');
  attempt.abort(reason);
  assert.equal(await connecting, reason);
});

test('an attempt that is aborted as it succeeds fails all the same, and leaves no link', async () => {
  const connector = new TestConnector();
  const attempt = new Attempt();
  const reason = new Error('too late');
  connector.preparing = async () => queueMicrotask(() => attempt.abort(reason));
  assert.equal(await rejection(connector.connect(config, attempt)), reason);
  assert.ok(connector.links[0]?.over);
  assert.equal(await connector.isConnected(), false);
});

test('a link that cannot be prepared is ended, and the attempt fails with its error', async () => {
  const connector = new TestConnector();
  const failure = new Error('no such queue');
  connector.preparing = () => Promise.reject(failure);
  assert.equal(await rejection(connector.connect(config, new Attempt())), failure);
  assert.ok(connector.links[0]?.over);
  assert.equal(await connector.isConnected(), false);
});

test('when a link ends while it is prepared, the attempt fails with what the preparation makes of that', async () => {
  const connector = new TestConnector();
  connector.preparing = async (link) => {
    const refused = link.during(new Promise<never>(() => {}));
    link.end(new Error('password'));
    await refused.catch((cause: unknown) => {
      throw new Error('no session', { cause });
    });
  };
  const { message, cause } = await rejection(connector.connect(config, new Attempt()));
  assert.equal(message, 'no session');
  assert.match(String(cause), /the connection to test:\/\/server is lost: password$/);
});

test('the loss of the present link is reported, once; that of one before it is not', async () => {
  const connector = new TestConnector();
  const [first, second] = [new Attempt(), new Attempt()];
  const { of: old } = await connector.connect(config, first);
  // the heartbeat is not answered
  void connector.isConnected();
  const { of: next } = await connector.connect(config, second);
  assert.notEqual(next, old);
  assert.match(old.over?.message ?? '', /did not answer the heartbeat/);
  assert.deepEqual([first.losses, second.losses], [[], []]);
  next.end(new Error('cut'));
  next.end(new Error('cut again'));
  assert.deepEqual([first.losses, second.losses], [[], [next.over]]);
});

test('a connect while the link is alive gives the same connection, whose loss is reported to the attempt that got it last', async () => {
  const connector = new TestConnector();
  const [first, second] = [new Attempt(), new Attempt()];
  const connection = await connector.connect(config, first);
  assert.equal(await connector.connect(config, second), connection);
  assert.equal(connector.links.length, 1);
  connection.of.end(new Error('cut'));
  assert.deepEqual([first.losses, second.losses], [[], [connection.of.over]]);
});

test('disconnect is final, also for an attempt under way, and reports no loss', async () => {
  const connector = new TestConnector();
  const opening = gate();
  connector.opening = () => opening.passed;
  const attempt = new Attempt();
  const connecting = rejection(connector.connect(config, attempt));
  await connector.disconnect();
  opening.open();
  assert.match((await connecting).message, /the connector disconnects/);
  assert.ok(connector.links[0]?.over);
  assert.match(
    (await rejection(connector.connect(config, new Attempt()))).message,
    /the test connector has disconnected/,
  );
  assert.deepEqual(attempt.losses, []);
});

test('a connector warns at the start of a password that goes in clear, and of secrets that everybody can read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-kit-'));
  t.after(() => rm(folder, { recursive: true }));
  const [mine, everybodys] = [join(folder, 'mine'), join(folder, 'everybodys')];
  await writeFile(mine, 'secret', { mode: 0o600 });
  await writeFile(everybodys, 'secret', { mode: 0o644 });
  const log = new MemoryLog();
  await new TestConnector('other.example', [undefined, mine, everybodys, join(folder, 'missing')]).start(log);
  assert.deepEqual(
    log.lines.map(({ level, fields }) => [level, fields]),
    [
      ['warn', { event: 'passwordInClear', host: 'other.example' }],
      ['warn', { event: 'readableSecret', file: everybodys }],
    ],
  );
});
