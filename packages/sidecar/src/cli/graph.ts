import { graphOf, type GraphBlock, type SatelliteGraph } from '../folder/graph.js';
import { inside, isInside } from '../folder/address-book.js';
import type { Reader } from '../folder/reader.js';
import { setUp } from '../folder/setup.js';
import { EXIT } from '../run/exit-code.js';
import { blockTitle, printable } from '../text.js';
import { columns } from './layout.js';

/** How a graph is written. */
export const FORMATS = ['text', 'mermaid', 'dot'] as const;

/** What is drawn, and how. */
export interface GraphOptions {
  readonly cf: string;
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
  readonly format: (typeof FORMATS)[number];
}

/** The command `sputnik graph`. Resolves with the exit code: 0, or 78 for problems of the folder. */
export async function graph({ cf, dialect, format }: GraphOptions): Promise<number> {
  const { value, problems } = await setUp({ cf, dialect });
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (value === undefined) return EXIT.badConfig;
  const found = await graphOf(value);
  const lines = { text: textOf, mermaid: mermaidOf, dot: dotOf }[format](found);
  process.stdout.write(`${lines.map(printable).join('\n')}\n`);
  return EXIT.clean;
}

/** A tree from each block to which no other sends, down to the server; then the server, and the order of the boot. */
export function textOf({ blocks, servers, places }: SatelliteGraph): readonly string[] {
  const byResponsibility = new Map(blocks.map((block) => [block.responsibility, block]));
  const isDrawn = new Set<GraphBlock>();
  const lines: string[] = [];
  /** `head` stands before the block, `indent` before what is below it. */
  const draw = (block: GraphBlock, head: string, indent: string): void => {
    const edges = block.needs.length + (block.server === undefined ? 0 : 1);
    if (isDrawn.has(block)) {
      lines.push(`${head}${blockTitle(block)}${edges > 0 ? ', as above' : ''}`);
      return;
    }
    isDrawn.add(block);
    lines.push(`${head}${blockTitle(block)}${listensText(block.listens)}`);
    for (const [index, { need, to }] of block.needs.entries()) {
      const isLast = index === edges - 1;
      const next = byResponsibility.get(to);
      const edge = `${indent}${isLast ? '└' : '├'}${isCalled(to, need) ? '─▶ ' : `─ ${need} ─▶ `}`;
      if (next) draw(next, edge, `${indent}${isLast ? ' ' : '│'}   `);
    }
    if (block.server !== undefined) lines.push(`${indent}└── ${serverName(block.server)}`);
  };
  const needed = new Set(blocks.flatMap(({ needs }) => needs.map(({ to }) => to)));
  const first = blocks.filter(({ responsibility }) => !needed.has(responsibility));
  // in a circle each is needed by another: the one that boots last begins
  for (const block of [...first, ...blocks.toReversed()]) {
    if (isDrawn.has(block)) continue;
    draw(block, '', '');
    lines.push('');
  }
  const order = blocks.map(({ responsibility }) => responsibility).join(' → ');
  const rows: (readonly [string, string])[] = [
    ...(servers.length === 0 ? [['server', 'none'] as const] : []),
    ...servers.map(({ path, place, listens }) => [serverName(path), `${place}${listensText(listens)}`] as const),
    ...places.map(({ path, place }) => [path, PLACES[place](path)] as const),
    ['boot', blocks.length === 0 ? 'no blocks' : `${order}; landing goes the other way`],
  ];
  return [...lines, ...columns(rows, 0)];
}

/** What is said of places. */
const PLACES = {
  thread: () => 'flies in a thread of its own',
  process: (path: string) => `runs in a process of its own: run --satellite ${path}`,
} as const;

/** What the server of the satellite at `path` is called. */
function serverName(path: string): string {
  return inside(path, 'server');
}

/** For GitHub and other pages that draw Mermaid. */
export function mermaidOf({ blocks, servers, places }: SatelliteGraph): readonly string[] {
  const id = idsOf(blocks);
  const label = (text: string): string => `"${text.replaceAll('"', '#quot;')}"`;
  return [
    'flowchart LR',
    ...blocks.map((block, index) => `  ${id(block.responsibility)}[${label(`${index + 1}. ${blockTitle(block)}`)}]`),
    ...places.flatMap(({ path, place }, index) => [
      `  subgraph place${index}[${label(`${path}: ${place}`)}]`,
      ...blocksIn(path, blocks).map(({ responsibility }) => `    ${id(responsibility)}`),
      '  end',
    ]),
    ...servers.map(({ path, place }) => `  ${serverId(path)}[(${label(place)})]`),
    ...blocks.flatMap((block) => [
      ...block.listens.map(
        (place, index) => `  ${id(block.responsibility)}in${index}([${label(place)}]) --> ${id(block.responsibility)}`,
      ),
      ...block.needs.map(
        ({ need, to }) => `  ${id(block.responsibility)} -->${isCalled(to, need) ? '' : `|${label(need)}|`} ${id(to)}`,
      ),
      ...(block.server === undefined ? [] : [`  ${id(block.responsibility)} --- ${serverId(block.server)}`]),
    ]),
  ];
}

/** Those of the satellite at `path`, and of the ones inside it. */
function blocksIn(path: string, blocks: readonly GraphBlock[]): readonly GraphBlock[] {
  return blocks.filter(({ responsibility }) => isInside(path, responsibility));
}

/** For Graphviz. */
export function dotOf({ blocks, servers, places }: SatelliteGraph): readonly string[] {
  const id = idsOf(blocks);
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
  return [
    'digraph satellite {',
    '  rankdir=LR;',
    '  node [shape=box];',
    ...blocks.map(
      (block, index) => `  ${id(block.responsibility)} [label=${quoted(`${index + 1}. ${blockTitle(block)}`)}];`,
    ),
    ...places.flatMap(({ path, place }, index) => [
      `  subgraph cluster${index} {`,
      `    label=${quoted(`${path}: ${place}`)};`,
      ...blocksIn(path, blocks).map(({ responsibility }) => `    ${id(responsibility)};`),
      '  }',
    ]),
    ...servers.map(({ path, place }) => `  ${serverId(path)} [shape=cylinder, label=${quoted(place)}];`),
    ...blocks.flatMap((block) => [
      ...block.listens.flatMap((place, index) => {
        const port = `${id(block.responsibility)}in${index}`;
        return [`  ${port} [shape=oval, label=${quoted(place)}];`, `  ${port} -> ${id(block.responsibility)};`];
      }),
      ...block.needs.map(
        ({ need, to }) =>
          `  ${id(block.responsibility)} -> ${id(to)}${isCalled(to, need) ? '' : ` [label=${quoted(need)}]`};`,
      ),
      ...(block.server === undefined ? [] : [`  ${id(block.responsibility)} -> ${serverId(block.server)} [dir=both];`]),
    ]),
    '}',
  ];
}

/** A name for the server of the satellite at `path` that no language of graphs has a meaning for. */
function serverId(path: string): string {
  return ['server', ...path.split('/').filter((part) => part !== '')].join('_').replaceAll(/\W/g, '_');
}

/** Names that no language of graphs has a meaning for. */
function idsOf(blocks: readonly GraphBlock[]): (responsibility: string) => string {
  const places = new Map(blocks.map(({ responsibility }, index) => [responsibility, `b${index + 1}`]));
  return (responsibility) => places.get(responsibility) ?? 'unknown';
}

/** Whether a block needs no other name for what it calls so. */
function isCalled(address: string, need: string): boolean {
  return address === need || address.endsWith(`/${need}`);
}

/** Where it listens; a port of two protocols is shown once. */
function listensText(listens: readonly string[]): string {
  const places = new Map<string, string[]>();
  for (const one of listens) {
    const [protocol = '', place = ''] = one.split(' ');
    places.set(place, [...(places.get(place) ?? []), protocol]);
  }
  const texts = [...places].map(([place, protocols]) => `${protocols.join(' and ')} ${place}`);
  return texts.length === 0 ? '' : `, listens at ${texts.join(', ')}`;
}
