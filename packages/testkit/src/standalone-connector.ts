import { confFactory, type Logger, type ServerConnector } from '@sputnikjs/core';
import type { ConnectorDefinition, StartableConnector } from '@sputnikjs/messaging';
import { gate } from './gate.js';
import type { Scope } from './servers/real-server.js';

/** A connector that a test uses without a satellite, and its connection. */
export interface StandaloneConnector<C> {
  readonly connector: StartableConnector<C>;
  readonly connection: C;
  /** Resolves with the reason when the connector reports the loss of this connection. */
  readonly lost: Promise<unknown>;
}

/** Functions for connectors of one kind. */
export interface StandaloneConnectors<C> {
  /** Makes a connector that disconnects at the end of the test; acquires nothing. Throws if the raw configuration is invalid. */
  readonly makeConnector: (scope: Scope, raw: object) => StartableConnector<C>;
  /** Makes a connector, starts it and connects it. */
  readonly open: (scope: Scope, raw: object, log?: Logger) => Promise<StandaloneConnector<C>>;
  /** Connects a connector, also again. Rejects as its `connect` does. */
  readonly connect: (connector: ServerConnector<C>, signal?: AbortSignal) => Promise<StandaloneConnector<C>>;
}

/**
 * Returns functions with which tests use connectors of one kind, without a satellite. The schema of the definition must validate synchronously.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { connector } from '@sputnikjs/connector-mqtt';
 * import { standaloneConnectors } from '@sputnikjs/testkit';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * const { open } = standaloneConnectors(connector);
 * test('the server takes a message', async (t) => {
 *   const { connection } = await open(t, { embedded: true, port: await freePort() });
 *   assert.equal(await connection.producer.produce({ target: 'news', payload: 'hello' }), undefined);
 * });
 */
export function standaloneConnectors<C>(definition: ConnectorDefinition<C>): StandaloneConnectors<C> {
  const makeConnector: StandaloneConnectors<C>['makeConnector'] = (scope, raw) => {
    const connector = definition.make(validated(definition, raw));
    scope.after(async () => connector.disconnect());
    return connector;
  };
  return {
    makeConnector,
    async open(scope, raw, log) {
      const connector = makeConnector(scope, raw);
      await connector.start?.(log);
      return connect(connector);
    },
    connect,
  };
}

/** Makes an attempt, as the core does, without configurations to ask for; nothing aborts it unless a signal is given. */
export async function connect<C>(
  connector: ServerConnector<C>,
  signal: AbortSignal = new AbortController().signal,
): Promise<StandaloneConnector<C>> {
  const lost = gate<unknown>();
  const config = confFactory(() => undefined);
  return { connector, connection: await connector.connect(config, { signal, lost: lost.open }), lost: lost.passed };
}

function validated({ name, config }: ConnectorDefinition, raw: object): unknown {
  const result = config['~standard'].validate(raw);
  if (result instanceof Promise) throw new Error(`the schema of the connector "${name}" validates asynchronously`);
  if (!result.issues) return result.value;
  throw new Error(`the configuration of the connector "${name}" does not fit: ${JSON.stringify(result.issues)}`);
}
