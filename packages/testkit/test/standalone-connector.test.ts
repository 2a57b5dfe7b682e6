import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StandardSchemaV1 } from '@sputnikjs/core';
import { defineConnector } from '@sputnikjs/messaging';
import { standaloneConnectors, rejection, TestServer, type StandaloneConnectors } from '@sputnikjs/testkit';

type Validate = StandardSchemaV1<unknown, object>['~standard']['validate'];

/** Connectors of a kind that gives its configuration as connection. */
function held(validate: Validate): StandaloneConnectors<object> {
  return standaloneConnectors(
    defineConnector({
      name: 'mirror',
      config: { '~standard': { version: 1, vendor: 'test', validate } },
      make: (config) => new TestServer({ connection: () => config }),
    }),
  );
}

const asItIs: Validate = (raw) => ({ value: raw as object });

test('a held connector gets its configuration as the schema makes it, is connected, and tells of its loss', async (t) => {
  const { open } = held((raw) => ({ value: { ...(raw as object), port: 1 } }));
  const { connector, connection, lost } = await open(t, { host: 'a' });
  assert.deepEqual(connection, { host: 'a', port: 1 });
  (connector as TestServer<object>).drop('gone');
  assert.equal(await lost, 'gone');
});

test('each connection of a held connector has a loss of its own', async (t) => {
  const { open, connect } = held(asItIs);
  const first = await open(t, {});
  const second = await connect(first.connector);
  assert.equal(second.connector, first.connector);
  (second.connector as TestServer<object>).drop('gone');
  assert.equal(await second.lost, 'gone');
  assert.equal(await Promise.race([first.lost, Promise.resolve('not reported')]), 'not reported');
});

test('a held connector is started before it is connected, with the log it is given', async (t) => {
  const calls: unknown[] = [];
  class Startable extends TestServer {
    start = (log: unknown): unknown => calls.push(log, ...this.log);
  }
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const { open } = standaloneConnectors(
    defineConnector({
      name: 'startable',
      config: { '~standard': { version: 1, vendor: 'test', validate: asItIs } },
      make: () => new Startable() as never,
    }),
  );
  await open(t, {}, log);
  assert.deepEqual(calls, [log]);
});

test('an attempt of a held connector fails as it does, and ends when the signal given aborts', async (t) => {
  const { makeConnector, connect } = held(asItIs);
  const connector = makeConnector(t, {}) as TestServer<object>;
  connector.drop();
  assert.equal((await rejection(connect(connector))).message, 'the server is down');
  connector.hang();
  const aborted = AbortSignal.abort(new Error('too late'));
  assert.equal(await rejection(connect(connector, aborted)), aborted.reason);
});

test('a held connector disconnects when its test ends', async (t) => {
  const { open } = held(asItIs);
  let connector: TestServer<object> | undefined;
  await t.test('holds it', async (inner) => {
    connector = (await open(inner, {})).connector as TestServer<object>;
    assert.deepEqual(connector.log, ['server.connect']);
  });
  assert.deepEqual(connector?.log, ['server.connect', 'server.disconnect']);
});

test('a configuration that does not fit is an error that says what is wrong', async (t) => {
  const { makeConnector } = held(() => ({ issues: [{ message: 'no such key', path: ['prot'] }] }));
  assert.throws(
    () => makeConnector(t, { prot: 1 }),
    /^Error: the configuration of the connector "mirror" does not fit: .*"no such key".*"prot"/,
  );
  const later = held(async (raw) => ({ value: raw as object }));
  assert.throws(() => later.makeConnector(t, {}), /the schema of the connector "mirror" validates asynchronously$/);
});
