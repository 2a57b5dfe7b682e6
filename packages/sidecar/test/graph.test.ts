import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dotOf, mermaidOf, textOf } from '../dist/cli/graph.js';
import { graphOf, type GraphBlock } from '../dist/folder/graph.js';
import { setUp } from '../dist/folder/setup.js';
import { cliHere, folder } from './helpers.js';

function block(responsibility: string, ...needs: readonly string[]): GraphBlock {
  return {
    responsibility,
    name: responsibility,
    needs: needs.map((to) => ({ need: to, to })),
    listens: [],
  };
}

const BLOCKS = `
import { defineBlock } from '@sputnikjs/core';
import { z } from 'zod';
export const store = defineBlock({ name: 'store', make: () => ({ onMsg() {}, onServerConnect() {} }) });
export const door = defineBlock({
  name: 'door',
  config: z.strictObject({ port: z.int() }),
  needs: { publisher: 'store' },
  check: ({ port }) => ({ listens: [{ protocol: 'tcp', host: '::1', port }, { protocol: 'udp', host: '::1', port }] }),
  make: () => ({ init() { throw new Error('it was started'); } }),
});
`;

/** A satellite of three blocks and a server. */
async function satellite(): Promise<string> {
  return await folder({
    'blocks.json': [
      { name: 'store', module: './blocks.mjs' },
      { name: 'store', module: './blocks.mjs', responsibility: 'alarms' },
      { name: 'door', module: './blocks.mjs', needs: { publisher: 'alarms' } },
    ],
    'blocks.mjs': BLOCKS,
    'door.json': { port: 514 },
    'connector.json': { module: '@sputnikjs/connector-nats', url: ['nats://a', 'nats://b'] },
  });
}

test('graph draws who sends to whom, who uses the server, who listens where, and the order of the boot', async () => {
  const { code, stdout, stderr } = await cliHere(['graph', '--cf', await satellite()]);
  assert.deepEqual([code, stderr], [0, []]);
  assert.deepEqual(stdout, [
    'store',
    '└── server',
    '',
    'door, listens at tcp and udp [::1]:514',
    '└─ publisher ─▶ alarms (store)',
    '    └── server',
    '',
    'server  nats://a, nats://b',
    'boot    store → alarms → door; landing goes the other way',
  ]);
});

test('the same for Mermaid and for Graphviz', async () => {
  const { value } = await setUp({ cf: await satellite() });
  assert.ok(value);
  const graph = await graphOf(value);
  assert.deepEqual(mermaidOf(graph), [
    'flowchart LR',
    '  b1["1. store"]',
    '  b2["2. alarms (store)"]',
    '  b3["3. door"]',
    '  server[("nats://a, nats://b")]',
    '  b1 --- server',
    '  b2 --- server',
    '  b3in0(["tcp [::1]:514"]) --> b3',
    '  b3in1(["udp [::1]:514"]) --> b3',
    '  b3 -->|"publisher"| b2',
  ]);
  assert.deepEqual(dotOf(graph).slice(3, 9), [
    '  b1 [label="1. store"];',
    '  b2 [label="2. alarms (store)"];',
    '  b3 [label="3. door"];',
    '  server [shape=cylinder, label="nats://a, nats://b"];',
    '  b1 -> server [dir=both];',
    '  b2 -> server [dir=both];',
  ]);
});

test('what others chose cannot break out of a label', () => {
  const graph = { blocks: [block('a"]; b\\')], servers: [], places: [] };
  assert.equal(mermaidOf(graph)[1], '  b1["1. a#quot;]; b\\"]');
  assert.equal(dotOf(graph)[3], '  b1 [label="1. a\\"]; b\\\\"];');
});

test('a block is drawn once with what is below it, and circles end', () => {
  const blocks = [
    block('store'),
    block('left', 'store'),
    block('right', 'store', 'left'),
    block('x', 'y'),
    block('y', 'x'),
  ];
  assert.deepEqual(textOf({ blocks, servers: [], places: [] }), [
    'right',
    '├─▶ store',
    '└─▶ left',
    '    └─▶ store',
    '',
    'y',
    '└─▶ x',
    '    └─▶ y, as above',
    '',
    'server  none',
    'boot    store → left → right → x → y; landing goes the other way',
  ]);
  assert.deepEqual(textOf({ blocks: [], servers: [], places: [] }), ['server  none', 'boot    no blocks']);
});

test('a folder with problems has no graph', async () => {
  const { code, stdout, stderr } = await cliHere(['graph', '--cf', await folder({ 'blocks.json': [{ name: 'no' }] })]);
  assert.deepEqual([code, stdout, stderr.length], [78, [], 1]);
});
