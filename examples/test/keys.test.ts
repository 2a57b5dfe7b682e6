import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StandardSchemaV1 } from '@sputnikjs/core';
import { bridgeBlock, consumerBlock, producerBlock, requesterBlock, responderBlock } from '@sputnikjs/messaging';
import { spool } from '../../packages/spool/dist/index.js';
import { httpgateway, httpupstream } from '../../packages/adapter-http/dist/index.js';
import { syslogproducer, syslogreceiver, syslogwriter } from '../../packages/adapter-syslog/dist/index.js';
import { webhook } from '../../packages/adapter-webhook/dist/index.js';
import { connector as amqp } from '../../packages/connector-amqp/dist/index.js';
import { connector as mqtt } from '../../packages/connector-mqtt/dist/index.js';
import { connector as nats } from '../../packages/connector-nats/dist/index.js';
import { connector as redis } from '../../packages/connector-redis/dist/index.js';
import { ROUTES } from '../../packages/adapter-syslog/dist/route/routing.js';
import { Entries } from '../../packages/sidecar/dist/folder/blocks.js';
import { keyFacts } from '../../packages/sidecar/dist/folder/key-facts.js';
import { SatelliteConf } from '../../packages/sidecar/dist/folder/satellite-conf.js';
import { soundsSecret } from '../../packages/sidecar/dist/text.js';
import { ROOT } from './support.js';

/** What zod says of a configuration, as JSON Schema: the parts that tables tell. */
interface Schema {
  readonly type?: string;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

function schemaOf({ config }: { readonly config: StandardSchemaV1 | undefined }): Schema {
  const standard = config?.['~standard'] as unknown as { jsonSchema: { input(options: object): Schema } };
  return standard.jsonSchema.input({ target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } });
}

/** The schema of the elements of a list. */
function itemsOf(schema: Schema, key: string): Schema {
  const items = schema.properties?.[key]?.items;
  assert.ok(items, `${key} is no list`);
  return items;
}

/** Of each key, as a table tells it: its type, and its default where there is one. */
type Keys = Readonly<Record<string, readonly string[]>>;

const typeOf = ({ type = '', anyOf }: Schema): string =>
  anyOf === undefined ? type.replace('array', 'list') : anyOf.map((each) => typeOf(each)).join(' or ');

function keysOf({ properties = {}, required = [] }: Schema, prefix = ''): Keys {
  const entries = Object.entries(properties).flatMap(([key, schema]): [string, readonly string[]][] => {
    if (schema.properties) return Object.entries(keysOf(schema, `${prefix}${key}.`));
    const told = schema.default === undefined ? [] : [`\`${JSON.stringify(schema.default)}\``];
    return [[`${prefix}${key}`, [typeOf(schema), ...(required.includes(key) ? ['required'] : told)]]];
  });
  return Object.fromEntries(entries);
}

/** The tables of keys in a README: of each key, type and default. */
function tablesIn(document: string): Keys[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const tables = text.matchAll(/^\| key(?: of a \w+)? \| type \| default \| what it does \|\n.*\n((?:\|.*\n)+)/gm);
  return [...tables].map(([, rows = '']) => {
    const keys = rows
      .trimEnd()
      .split('\n')
      .flatMap((row) => {
        const [names = '', type = '', value = '', what = ''] = row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim());
        assert.ok(what !== '', `${document} does not say what ${names} does`);
        return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, [type, value]] as const);
      });
    return Object.fromEntries(keys);
  });
}

const RECEIVER = schemaOf(syslogreceiver);
/** Keys of the receiver that may stand in a listener, too, and are not told twice. */
const SHARED = Object.keys(keysOf(RECEIVER)).filter((key) => !['host', 'port'].includes(key));
const LISTENER = itemsOf(RECEIVER, 'listeners');
const OWN = Object.entries(LISTENER.properties ?? {}).filter(([key]) => !SHARED.includes(key));

/** The schemas of the tables of each package, in their order. */
const SCHEMAS: Readonly<Record<string, readonly Schema[]>> = {
  messaging: [
    schemaOf(producerBlock),
    schemaOf(consumerBlock),
    schemaOf(bridgeBlock),
    schemaOf(requesterBlock),
    schemaOf(responderBlock),
  ],
  sidecar: [schemaOf({ config: SatelliteConf })],
  'connector-amqp': [schemaOf(amqp), itemsOf(schemaOf(amqp), 'queues')],
  'connector-mqtt': [schemaOf(mqtt)],
  'connector-nats': [schemaOf(nats), itemsOf(schemaOf(nats), 'streams')],
  'connector-redis': [schemaOf(redis)],
  spool: [schemaOf(spool)],
  'adapter-http': [schemaOf(httpgateway), itemsOf(schemaOf(httpgateway), 'tokens'), schemaOf(httpupstream)],
  'adapter-webhook': [schemaOf(webhook)],
  'adapter-syslog': [
    RECEIVER,
    { ...LISTENER, properties: Object.fromEntries(OWN) },
    schemaOf(syslogproducer),
    schemaOf(syslogwriter),
  ],
};

for (const [name, schemas] of Object.entries(SCHEMAS)) {
  const document = `packages/${name}/README.md`;
  test(`${document} lists each key of the configuration, with its type and default`, () => {
    const tables = tablesIn(document);
    assert.equal(tables.length, schemas.length, 'a table for each schema');
    for (const [index, schema] of schemas.entries()) {
      const keys = keysOf(schema);
      const told = tables[index] ?? {};
      // What is so without a key, where the schema has no default, is said in words.
      const comparable = Object.entries(told).map(([key, cells]) => [key, cells.slice(0, keys[key]?.length)]);
      assert.deepEqual(Object.fromEntries(comparable), keys);
    }
  });
}

/** All that a folder may configure of Sputnik's own. */
const ALL: Readonly<Record<string, Schema>> = {
  sputnik: schemaOf({ config: SatelliteConf }),
  blocks: schemaOf({ config: Entries }),
  syslogconf: schemaOf({ config: ROUTES }),
  ...Object.fromEntries(
    [
      producerBlock,
      consumerBlock,
      bridgeBlock,
      httpgateway,
      webhook,
      syslogproducer,
      syslogreceiver,
      syslogwriter,
      amqp,
      mqtt,
      nats,
      redis,
    ].map((definition) => [definition.name, schemaOf(definition)]),
  ),
};

for (const [name, schema] of Object.entries(ALL)) {
  test(`each key of ${name} says what it means, in sentences`, () => {
    const facts = keyFacts(schema as Parameters<typeof keyFacts>[0]);
    assert.ok(facts.length > 0);
    for (const { path, description = '' } of facts)
      assert.match(description, /^[\p{Lu}"a-z].{5,}\.$/u, `${name}.${path}`);
  });

  test(`each key of ${name} that is called like a secret says whether it is one`, () => {
    const silent: string[] = [];
    const visit = ({ properties = {}, anyOf = [], items }: Schema, path: string): void => {
      for (const branch of [...anyOf, ...(items ? [items] : [])]) visit(branch, path);
      for (const [key, inner] of Object.entries(properties)) {
        if (soundsSecret(key) && inner.writeOnly === undefined) silent.push(`${path}.${key}`);
        visit(inner, `${path}.${key}`);
      }
    };
    visit(schema, name);
    assert.deepEqual(silent, []);
  });
}
