import { CONNECTOR, SputnikError, type ListenPlace } from '@sputnikjs/core';
import { z } from 'zod';
import type { Configuration } from './configuration.js';
import type { ConnectorDefinition, StartableConnector } from '@sputnikjs/messaging';
import { isRecord } from './json-schema.js';
import { loadModule } from './modules.js';
import { chain } from '../text.js';

/** The configuration that names what joins the processes of a satellite. */
export const JOIN = 'join';
const Module = z.looseObject({
  module: z
    .string()
    .min(1)
    .describe('The connector: a package, or a file relative to the folder. It defines the other keys.'),
});

/** A server connector, or a definition that makes one from a configuration. */
export type GivenConnector<C = unknown> = StartableConnector<C> | ConnectorDefinition<C>;

/** A server connector, and the places where it will listen itself. */
export interface ConnectorSetup {
  readonly connector: StartableConnector;
  /** Makes another one from the same configuration. A connector given in code is used again. */
  readonly again: () => StartableConnector;
  readonly listens: readonly ListenPlace[];
}

/**
 * The server connector: the one given in code, or one made from `connector.json`, which names its module; or from `join.json` likewise. Undefined if there is none: the satellite has no server. Rejects with BAD_CONFIG.
 */
export async function findConnector(
  configuration: Configuration,
  folder: string,
  given: GivenConnector | undefined,
  name: typeof CONNECTOR | typeof JOIN = CONNECTOR,
): Promise<ConnectorSetup | undefined> {
  if (given !== undefined)
    return isConnectorDefinition(given)
      ? await make(given, configuration, name)
      : { connector: given, again: () => given, listens: [] };
  const found = await configuration.reader.read(name);
  if (found === undefined) return undefined;
  const { module } = (await configuration.load([name], Module)).value;
  const loaded = await loadModule(module, folder);
  if ('problem' in loaded) throw bad(`${found.label}: ${loaded.problem}`);
  const [definition, ...others] = loaded.exported.filter((one) => isConnectorDefinition(one));
  if (definition === undefined)
    throw bad(`${found.label}: module: "${module}" exports no server connector (defineConnector)`);
  if (others.length > 0)
    throw bad(`${found.label}: module: "${module}" exports several server connectors, expected one`);
  return await make(definition, configuration, name);
}

async function make(
  definition: ConnectorDefinition,
  configuration: Configuration,
  name: string,
): Promise<ConnectorSetup> {
  const { value } = await configuration.load([name], definition.config, 'module');
  const { problems = [], listens = [] } = (await definition.check?.(value)) ?? {};
  if (problems.length > 0) {
    const label = await configuration.labelOf([name]);
    throw bad(...problems.map((problem) => `${label}: ${problem}`));
  }
  try {
    const again = (): StartableConnector => definition.make(value);
    return { connector: again(), again, listens };
  } catch (error) {
    throw bad(`${name}: "${definition.name}" cannot be made from this configuration: ${chain(error)}`);
  }
}

/** True for what `defineConnector` returns. */
export function isConnectorDefinition(value: unknown): value is ConnectorDefinition {
  return isRecord(value) && value['kind'] === 'connector' && typeof value['make'] === 'function';
}

function bad(...problems: readonly string[]): SputnikError {
  return new SputnikError('BAD_CONFIG', 'the server connector cannot be set up', { problems });
}
