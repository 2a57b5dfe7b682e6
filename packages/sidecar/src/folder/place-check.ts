import { isInside } from './address-book.js';
import { GENERIC } from './block-factories.js';
import { uncloneable } from '../clone/cloneable.js';
import { JOIN } from './connector-conf.js';
import { levelsOf } from './levels.js';
import type { NestedEntry } from './options.js';
import type { SatelliteReading } from './satellite-reading.js';
import type { BlockWiring } from './wiring.js';

/** What is around a satellite whose place is looked at. */
export interface PlaceSurroundings {
  /** How all blocks are wired, by their addresses in the outermost satellite. */
  readonly wiring: readonly BlockWiring[];
  /** Whether something joins processes. */
  readonly joins: boolean;
  /** Whether an enclosing satellite is in a thread. */
  readonly inThread?: boolean;
}

/** What cannot fly where it is to, of all that are inside a satellite, one line each. */
export function placeProblems(reading: SatelliteReading, around: PlaceSurroundings): readonly string[] {
  const { list, nested } = reading;
  return list.entries.flatMap(({ index, nested: entry, responsibility = '' }) => {
    if (entry === undefined) return [];
    const place = `${list.label}: [${index}]`;
    const own = misfits(entry).map(([key, text]) => `${place}.${key}: ${text}`);
    const one = nested.get(responsibility);
    if (one === undefined) return own;
    const cannot = (where: string) => (problem: string) =>
      `${place}.place: "${responsibility}" cannot fly in a ${where}: ${problem}`;
    const inner = placeProblems(one, { ...around, inThread: around.inThread === true || entry.place === 'thread' });
    if (entry.place === 'thread')
      return [...own, ...[...ofCode(one), ...ofConnection(one.path, around.wiring)].map(cannot('thread')), ...inner];
    if (entry.place === 'process')
      return [...own, ...ofProcess(one, around).map(cannot('process of its own')), ...inner];
    return [...own, ...inner];
  });
}

/** A block with the address of the one that joins the processes. */
export function joinTaken({ list }: SatelliteReading): readonly string[] {
  return list.entries
    .filter(({ name, responsibility = name }) => responsibility === JOIN)
    .map(
      ({ index }) =>
        `${list.label}: [${index}]: "${JOIN}" is the address of the block that joins the processes; give this one another`,
    );
}

/** Keys that mean nothing at that place. */
function misfits({
  place = 'here',
  heapMb,
  restart,
  clone,
}: NestedEntry): readonly (readonly [key: string, text: string])[] {
  return [
    ...(heapMb !== undefined && place !== 'thread'
      ? [['heapMb', 'only a thread has its own heap; add "place": "thread", or leave it out'] as const]
      : []),
    ...(clone !== undefined && place !== 'here'
      ? [['clone', 'messages are cloned on their way there in any case; leave it out'] as const]
      : []),
    ...(restart !== undefined && place === 'process'
      ? [
          [
            'restart',
            'a process is restarted by what starts it, systemd or Kubernetes for example; leave it out',
          ] as const,
        ]
      : []),
  ];
}

function ofProcess(reading: SatelliteReading, { wiring, joins, inThread }: PlaceSurroundings): readonly string[] {
  return [
    ...(joins
      ? []
      : [
          'nothing joins it to the others; add join.json beside the outermost blocks.json, with { "module": "@sputnikjs/connector-nats", "url": "nats://…" }',
        ]),
    ...(inThread === true ? ['an enclosing satellite is in a thread; list it outside that'] : []),
    ...ofConnection(reading.path, wiring),
  ];
}

/** A function cannot be handed to a thread. */
function ofCode(reading: SatelliteReading): readonly string[] {
  return levelsOf<SatelliteReading>(reading).flatMap(({ path, list, origin: { options } }) => {
    const blocks = list.entries
      .filter(
        ({ nested, module, name }) => nested === undefined && module === undefined && !Object.hasOwn(GENERIC, name),
      )
      .map(({ name }) => `block "${name}" comes from code, which a thread does not have; name its "module"`);
    const connector =
      options.cf === undefined && options.connector !== undefined
        ? [`the connector of "${path}" comes from code; name its "module" in the configuration "connector"`]
        : [];
    const stray = options.cf === undefined ? uncloneable(options.configs) : undefined;
    return [...blocks, ...connector, ...(stray === undefined ? [] : [`its configs have ${stray}; give plain values`])];
  });
}

/** Problems: blocks that use the connection of the enclosing satellite, which stays where that satellite is. */
function ofConnection(path: string, wiring: readonly BlockWiring[]): readonly string[] {
  return wiring
    .filter(
      ({ responsibility, server }) => isInside(path, responsibility) && server !== undefined && !isInside(path, server),
    )
    .map(
      ({ responsibility }) =>
        `block ${responsibility} uses the server connection of the enclosing satellite, which it cannot use there; give "${path}" its own connector, or have the block send to a block outside, such as "producer"`,
    );
}
