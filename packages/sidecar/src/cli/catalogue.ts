import type { StandardSchemaV1 } from '@sputnikjs/core';
import { GENERIC, isDefinition } from '../folder/block-factories.js';
import { inside } from '../folder/address-book.js';
import { Entries } from '../folder/blocks.js';
import { isConnectorDefinition } from '../folder/connector-conf.js';
import type { ConfigurationInForce } from '../folder/in-force.js';
import { jsonSchemaOf, type JsonSchema } from '../folder/json-schema.js';
import { loadModule } from '../folder/modules.js';
import type { Reader } from '../folder/reader.js';
import { SatelliteConf } from '../folder/satellite-conf.js';
import { setUp } from '../folder/setup.js';

/** A configuration that there may be, and what it may have in it. */
export interface CatalogueEntry {
  /** The name of its file, without the ending. */
  readonly name: string;
  /** The package that reads it, where that is not known from the name alone. */
  readonly module: string | undefined;
  readonly schema: JsonSchema;
}

/** Configurations, and what is in force of them. */
export interface Catalogue {
  readonly entries: readonly CatalogueEntry[];
  /** Of a folder without problems. */
  readonly inForce: readonly ConfigurationInForce[];
  /** What is wrong with the folder. */
  readonly problems: readonly string[];
}

/** Our own packages; those that are installed are looked into. */
const PACKAGES = [
  '@sputnikjs/adapter-http',
  '@sputnikjs/adapter-syslog',
  '@sputnikjs/adapter-webhook',
  '@sputnikjs/connector-amqp',
  '@sputnikjs/connector-mqtt',
  '@sputnikjs/connector-nats',
  '@sputnikjs/connector-redis',
  '@sputnikjs/spool',
];

/** The configurations of a folder; without one, those of Sputnik's own packages. */
export async function catalogue(cf: string | undefined, dialect?: (folder: Reader) => Reader): Promise<Catalogue> {
  if (cf === undefined) return { entries: await ofPackages(), inForce: [], problems: [] };
  const { value, problems, configurations } = await setUp({ cf, dialect });
  const entries = [...configurations].flatMap(([path, { schemas }]) => [
    entryOf(inside(path, 'blocks'), undefined, Entries),
    ...[...schemas].map(([name, all]) => ({
      name: inside(path, name),
      module: undefined,
      schema: combined([...all].map(jsonSchemaOf)),
    })),
  ]);
  return {
    entries,
    inForce: (await value?.configurations()) ?? [],
    problems,
  };
}

async function ofPackages(): Promise<readonly CatalogueEntry[]> {
  const own = Object.values(GENERIC).map((block) => entryOf(block.name, undefined, block.config));
  const found = await Promise.all(PACKAGES.map((module) => ofPackage(module)));
  return [entryOf('blocks', undefined, Entries), entryOf('sputnik', undefined, SatelliteConf), ...own, ...found.flat()];
}

async function ofPackage(module: string): Promise<readonly CatalogueEntry[]> {
  const loaded = await loadModule(module, process.cwd());
  if ('problem' in loaded) return [];
  return loaded.exported.flatMap((one) => {
    if (isConnectorDefinition(one)) {
      const { properties, required = [], ...rest } = jsonSchemaOf(one.config);
      const known = { module: { const: module, description: 'The connector.' }, ...properties };
      return [{ name: 'connector', module, schema: { ...rest, properties: known, required: ['module', ...required] } }];
    }
    return isDefinition(one) && one.config !== undefined ? [entryOf(one.name, module, one.config)] : [];
  });
}

function entryOf(name: string, module: string | undefined, schema: StandardSchemaV1 | undefined): CatalogueEntry {
  return { name, module, schema: schema === undefined ? {} : jsonSchemaOf(schema) };
}

/** What several readers of a configuration say, each of some of its keys. */
function combined(schemas: readonly JsonSchema[]): JsonSchema {
  const [first = {}, ...others] = schemas;
  return others.reduce((before, { properties, required, ...rest }) => {
    if (before.properties === undefined || properties === undefined) return before;
    return {
      ...before,
      ...rest,
      properties: { ...before.properties, ...properties },
      required: [...new Set([...(before.required ?? []), ...(required ?? [])])],
    };
  }, first);
}
