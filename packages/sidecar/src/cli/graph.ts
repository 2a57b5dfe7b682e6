import { graphOf, type GraphBlock, type SatelliteGraph } from '../folder/graph.js';
import type { Reader } from '../folder/reader.js';
import { setUp } from '../folder/setup.js';
import { EXIT } from '../run/exit-code.js';
import { printable } from '../text.js';
import { columns } from './layout.js';

/** How a graph is written. */
export const FORMATS = ['text', 'mermaid', 'dot'] as const;

/** What is drawn, and how. */
export interface GraphOptions {
  readonly cf: string;
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
  readonly format: (typeof FORMATS)[number];
}

/** What `sputnik graph` does. Resolves with the exit code: 0, or 78 for problems of the folder. */
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
export function textOf({ blocks, server }: SatelliteGraph): readonly string[] {
  const byResponsibility = new Map(blocks.map((block) => [block.responsibility, block]));
  const isDrawn = new Set<GraphBlock>();
  const lines: string[] = [];
  /** `head` stands before the block, `indent` before what is below it. */
  const draw = (block: GraphBlock, head: string, indent: string): void => {
    const edges = block.needs.length + (block.usesServer ? 1 : 0);
    if (isDrawn.has(block)) {
      lines.push(`${head}${titleOf(block)}${edges > 0 ? ', as above' : ''}`);
      return;
    }
    isDrawn.add(block);
    lines.push(`${head}${titleOf(block)}${listensText(block.listens)}`);
    for (const [index, { need, to }] of block.needs.entries()) {
      const isLast = index === edges - 1;
      const next = byResponsibility.get(to);
      const edge = `${indent}${isLast ? '└' : '├'}${need === to ? '─▶ ' : `─ ${need} ─▶ `}`;
      if (next) draw(next, edge, `${indent}${isLast ? ' ' : '│'}   `);
    }
    if (block.usesServer) lines.push(`${indent}└── server`);
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
    ['server', server === undefined ? 'none' : `${server.place}${listensText(server.listens)}`],
    ['boot', blocks.length === 0 ? 'no blocks' : `${order}; landing goes the other way`],
  ];
  return [...lines, ...columns(rows, 0)];
}

/** For GitHub and other pages that draw Mermaid. */
export function mermaidOf({ blocks, server }: SatelliteGraph): readonly string[] {
  const id = idsOf(blocks);
  const label = (text: string): string => `"${text.replaceAll('"', '#quot;')}"`;
  return [
    'flowchart LR',
    ...blocks.map((block, index) => `  ${id(block.responsibility)}[${label(`${index + 1}. ${titleOf(block)}`)}]`),
    ...(server ? [`  server[(${label(server.place)})]`] : []),
    ...blocks.flatMap((block) => [
      ...block.listens.map(
        (place, index) => `  ${id(block.responsibility)}in${index}([${label(place)}]) --> ${id(block.responsibility)}`,
      ),
      ...block.needs.map(
        ({ need, to }) => `  ${id(block.responsibility)} -->${need === to ? '' : `|${label(need)}|`} ${id(to)}`,
      ),
      ...(block.usesServer ? [`  ${id(block.responsibility)} --- server`] : []),
    ]),
  ];
}

/** For Graphviz. */
export function dotOf({ blocks, server }: SatelliteGraph): readonly string[] {
  const id = idsOf(blocks);
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
  return [
    'digraph satellite {',
    '  rankdir=LR;',
    '  node [shape=box];',
    ...blocks.map(
      (block, index) => `  ${id(block.responsibility)} [label=${quoted(`${index + 1}. ${titleOf(block)}`)}];`,
    ),
    ...(server ? [`  server [shape=cylinder, label=${quoted(server.place)}];`] : []),
    ...blocks.flatMap((block) => [
      ...block.listens.flatMap((place, index) => {
        const port = `${id(block.responsibility)}in${index}`;
        return [`  ${port} [shape=oval, label=${quoted(place)}];`, `  ${port} -> ${id(block.responsibility)};`];
      }),
      ...block.needs.map(
        ({ need, to }) => `  ${id(block.responsibility)} -> ${id(to)}${need === to ? '' : ` [label=${quoted(need)}]`};`,
      ),
      ...(block.usesServer ? [`  ${id(block.responsibility)} -> server [dir=both];`] : []),
    ]),
    '}',
  ];
}

/** Names that no language of graphs has a meaning for. */
function idsOf(blocks: readonly GraphBlock[]): (responsibility: string) => string {
  const places = new Map(blocks.map(({ responsibility }, index) => [responsibility, `b${index + 1}`]));
  return (responsibility) => places.get(responsibility) ?? 'unknown';
}

function titleOf({ responsibility, name }: GraphBlock): string {
  return responsibility === name ? name : `${responsibility} (${name})`;
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
