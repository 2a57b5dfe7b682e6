import type { Metric } from '@sputnikjs/core';
import type { BlockEntry, Status } from '../admin/status.js';
import { printable } from '../text.js';
import { wrapped } from './layout.js';

/** How a status is drawn. */
export interface Drawing {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether the terminal shows colours. */
  readonly colours: 'on' | 'off';
  readonly sort: Sort;
  /** Only blocks with this text in their name. */
  readonly filter: string;
}

/** By what blocks are sorted: as they boot, or by what there is most of first. */
export const SORTS = ['boot', 'queue', 'rate', 'lost'] as const;
export type Sort = (typeof SORTS)[number];

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
type Style = keyof typeof CODES;
type Paint = (style: Style, text: string) => string;

const FILL_CELLS = 8;
/** Of the names of blocks. */
const [LEAST_WIDTH, MOST_WIDTH] = [20, 32];
const COLUMNS = [
  ['waiting', 12, 'right'],
  ['fill', FILL_CELLS, 'left'],
  ['in/s', 8, 'right'],
  ['done/s', 8, 'right'],
  ['oldest', 8, 'right'],
  ['lost', 6, 'right'],
] as const;

/** A status, line by line, for people. */
export function statusLines(status: Status, drawing: Drawing): readonly string[] {
  const paint: Paint = (style, text) => (drawing.colours === 'on' ? `\u001B[${CODES[style]}m${text}\u001B[0m` : text);
  const { satellite, ready, summary, problems, lost } = status;
  const state = ready.ok ? paint('green', '● ready') : paint('red', '○ not ready');
  const blocks = chosen(status.blocks, drawing);
  const hidden = status.blocks.length - blocks.length;
  const longest = Math.max(...blocks.map(({ responsibility }) => printable(responsibility).length));
  const nameWidth = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, longest));
  return [
    `${paint('bold', printable(satellite.name))}  ${satellite.state}  ${state}`,
    ...wrapped(printable(summary), drawing.width),
    ...ready.checks.filter(({ ok }) => !ok).map(({ name, text }) => paint('red', `  ${name}: ${printable(text)}`)),
    '',
    paint(
      'dim',
      ['block'.padEnd(nameWidth), ...COLUMNS.map(([title, width, side]) => pad(title, width, side))].join(' '),
    ),
    ...blocks.map((block) => row(block, nameWidth, status.bottleneck, paint)),
    ...(hidden > 0 ? [paint('dim', `${hidden} more, which the filter hides`)] : []),
    ...section('Satellites', status.satellites.filter(isNotable).map(satelliteLine), drawing, paint),
    ...section(
      'Lost',
      lost.places.map(({ block, how, count, text }) => `${block}: ${count} ${how}. ${text}`),
      drawing,
      paint,
    ),
    ...section(
      'Problems',
      problems
        .slice(0, 5)
        .map(({ at, block, text }) => `${at.slice(11, 19)} ${block === undefined ? '' : `${block}: `}${text}`),
      drawing,
      paint,
    ),
    ...measured(blocks, drawing, paint),
  ];
}

/** What blocks measure themselves, but for what is nothing, and for losses, which are told above. */
function measured(blocks: readonly BlockEntry[], { width }: Drawing, paint: Paint): readonly string[] {
  const lines = blocks.flatMap(({ responsibility, measured: all }) => {
    const told = all.filter(({ type, value }) => type !== 'loss' && value !== 0);
    if (told.length === 0) return [];
    const text = `${responsibility}: ${told.map(valueText).join(', ')}`;
    return wrapped(printable(text), width - 2).map((line) => `  ${line}`);
  });
  return lines.length === 0 ? [] : ['', paint('bold', 'Measured'), ...lines];
}

function valueText({ name, value, labels = {} }: Metric): string {
  const where = Object.values(labels);
  const what = name.replace(/_total$/, '').replaceAll('_', ' ');
  return `${what}${where.length === 0 ? '' : ` (${where.join(' ')})`} ${Number.isInteger(value) ? short(value) : value.toFixed(1)}`;
}

/** Whether there is more to say of a nested satellite than that it flies as the whole does. */
function isNotable({ state, restarts, server, instances }: Status['satellites'][number]): boolean {
  return state !== 'flying' || restarts > 0 || server !== undefined || instances !== undefined;
}

function satelliteLine({ path, state, restarts, server, instances }: Status['satellites'][number]): string {
  const again = restarts === 0 ? '' : `, restarted ${restarts} time${restarts === 1 ? '' : 's'}`;
  const own = server === undefined ? '' : `, its server ${server.away ? 'is away' : `is ${server.state}`}`;
  const where = instances === undefined ? '' : `, ${instances} process${instances === 1 ? '' : 'es'}`;
  return `${path}: ${state}${where}${again}${own}`;
}

function chosen(blocks: readonly BlockEntry[], { sort, filter }: Drawing): readonly BlockEntry[] {
  const value: Readonly<Record<Exclude<Sort, 'boot'>, (block: BlockEntry) => number>> = {
    queue: ({ depth }) => depth,
    rate: ({ acceptedRate }) => acceptedRate,
    lost: (block) => block.lost,
  };
  const left = blocks.filter(({ responsibility }) => responsibility.includes(filter));
  return sort === 'boot' ? left : left.toSorted((a, b) => value[sort](b) - value[sort](a));
}

function row(block: BlockEntry, nameWidth: number, bottleneck: string | undefined, paint: Paint): string {
  const { responsibility, depth, capacity, acceptedRate, handledRate, oldestMs, lost } = block;
  const takes = capacity > 0;
  const cells = [
    takes ? `${short(depth)}/${short(capacity)}` : '–',
    takes ? bar(depth / capacity) : '',
    takes ? rate(acceptedRate) : '–',
    takes ? rate(handledRate) : '–',
    takes ? age(oldestMs) : '–',
    short(lost),
  ];
  const texts = COLUMNS.map(([, width, side], at) => pad(cells[at] ?? '', width, side));
  const line = [pad(printable(responsibility), nameWidth, 'left'), ...texts].join(' ');
  const mark = responsibility === bottleneck ? ' ◂' : '';
  if (lost > 0) return paint('red', `${line}${mark}`);
  return mark === '' ? line : paint('yellow', `${line}${mark}`);
}

function bar(share: number): string {
  const full = Math.min(FILL_CELLS, Math.ceil(share * FILL_CELLS));
  return '█'.repeat(full) + '·'.repeat(FILL_CELLS - full);
}

function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : short(Math.round(perSecond));
}

/** In four characters or five: `999`, `12.3k`, `4.56M`. */
function short(count: number): string {
  if (count < 10_000) return `${count}`;
  return count < 1e6 ? `${(count / 1e3).toFixed(1)}k` : `${(count / 1e6).toFixed(1)}M`;
}

function age(ms: number): string {
  if (ms === 0) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

function pad(text: string, width: number, side: 'left' | 'right'): string {
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  return side === 'left' ? cut.padEnd(width) : cut.padStart(width);
}

function section(title: string, lines: readonly string[], { width }: Drawing, paint: Paint): readonly string[] {
  if (lines.length === 0) return [];
  return ['', paint('bold', title), ...lines.map((line) => cutTo(`  ${printable(line)}`, width))];
}

function cutTo(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
