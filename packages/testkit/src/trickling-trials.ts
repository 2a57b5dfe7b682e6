import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { MessagingConnection, StartableConnector } from '@sputnikjs/messaging';
import { rejection } from './rejection.js';
import type { Scope } from './servers/real-server.js';
import { tricklingServer } from './servers/trickling-server.js';
import { connect } from './standalone-connector.js';

const MEBI = 1024 * 1024;
/** No trial takes more memory, in MB. */
const MOST_MB = 100;

/** What a false server says: the first text to each connection, one more each time that it has heard something, then the bytes again and again. As Latin-1. */
export type Trickle = readonly [name: string, said: readonly string[], bytes: string | readonly string[]];

/** How a connector of a message server has to bear servers that trickle. Each function rejects with what is wrong. */
export interface TricklingTrials {
  /** A server that trickles in the login is given up when the attempt is, and nothing stays open. */
  readonly inLogin: (scope: Scope, trickles: readonly Trickle[]) => Promise<void>;
  /** A server that trickles after the login answers no heartbeat; the next attempt, and a landing, do not wait for it. */
  readonly afterLogin: (scope: Scope, trickles: readonly Trickle[]) => Promise<void>;
  /** A landing says goodbye to it, and does not wait for its answer. */
  readonly atGoodbye: (scope: Scope, trickle: Trickle) => Promise<void>;
}

/**
 * Returns trials of a connector with false servers that trickle. `make` makes one for a server at a port of loopback; it ends with the test.
 *
 * @example
 * import { test } from 'node:test';
 * import { connector } from '@sputnikjs/connector-mqtt';
 * import { standaloneConnectors, tricklingTrials } from '@sputnikjs/testkit';
 * const { makeConnector } = standaloneConnectors(connector);
 * const { inLogin } = tricklingTrials((scope, port) => makeConnector(scope, { url: `mqtt://127.0.0.1:${port}` }));
 * test('a server that trickles in the login is given up', async (t) => {
 *   await inLogin(t, [['a long CONNACK', ['', '\x20\xff\xff\x03'], '\0']]);
 * });
 */
export function tricklingTrials(
  make: (scope: Scope, port: number) => StartableConnector<Pick<MessagingConnection, 'producer'>>,
): TricklingTrials {
  return {
    inLogin: (scope, trickles) =>
      inBounds(async () => {
        for (const [name, said, bytes] of trickles) {
          const server = await tricklingServer(scope, said, bytes);
          const abort = new AbortController();
          const connector = make(scope, server.port);
          const failed = rejection(connect(connector, abort.signal));
          await Promise.race([server.underWay, failed.then(({ message }) => assert.fail(`${name}: ${message}`))]);
          abort.abort(new Error('no connection in time'));
          assert.equal((await failed).message, 'no connection in time', name);
          await server.closed;
          await connector.disconnect();
        }
      }),
    afterLogin: (scope, trickles) =>
      inBounds(async () => {
        for (const [name, said, bytes] of trickles) {
          const server = await tricklingServer(scope, said, bytes);
          const { connector, connection } = await connect(make(scope, server.port));
          let isAnswered = false;
          const beat = Promise.resolve(connector.isConnected()).then((alive) => (isAnswered = alive));
          const sent = rejection(Promise.resolve(connection.producer.produce({ target: 'a', payload: 'x' })));
          await server.underWay;
          assert.equal(isAnswered, false, name);
          // after a heartbeat that is late there is another attempt
          const abort = new AbortController();
          const next = connect(connector, abort.signal).catch(() => undefined);
          await server.closed;
          assert.equal(await beat, false);
          assert.match((await sent).message, /lost/i);
          abort.abort(new Error('the satellite lands'));
          await next;
          await connector.disconnect();
          while (server.connections > 0) await turn();
        }
      }),
    async atGoodbye(scope, [, said, bytes]) {
      const server = await tricklingServer(scope, said, bytes);
      const { connector } = await connect(make(scope, server.port));
      const beat = connector.isConnected();
      await server.underWay;
      await connector.disconnect();
      assert.equal(await beat, false);
      await server.closed;
    },
  };
}

async function inBounds(trial: () => Promise<void>): Promise<void> {
  const before = process.memoryUsage().rss;
  await trial();
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < MOST_MB, `it took ${more} MB`);
}
