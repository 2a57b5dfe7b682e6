import { GENERIC } from './block-factories.js';
import { uncloneable } from './cloneable.js';
import { levelsOf } from './levels.js';
import type { SatelliteReading } from './satellite-reading.js';
import type { BlockWiring } from './wiring.js';

/** What prevents a satellite and its nested satellites from flying in a thread, one line each. */
export function threadProblems(reading: SatelliteReading, wiring: readonly BlockWiring[]): readonly string[] {
  const { list, nested } = reading;
  const misplaced = list.entries.flatMap(({ index, nested: entry }) =>
    entry?.heapMb !== undefined && entry.place !== 'thread'
      ? `${list.label}: [${index}].heapMb: only a thread has its own heap; add "place": "thread", or leave it out`
      : [],
  );
  const inner = [...nested].flatMap(([name, one]) => {
    if (one.entry?.place !== 'thread') return [];
    const index = list.entries.find(({ responsibility }) => responsibility === name)?.index ?? 0;
    const place = `${list.label}: [${index}].place: "${name}" cannot fly in a thread:`;
    return [...levelsOf<SatelliteReading>(one).flatMap(ofCode), ...ofConnection(one.path, wiring)].map(
      (problem) => `${place} ${problem}`,
    );
  });
  return [...misplaced, ...inner, ...[...nested.values()].flatMap((one) => threadProblems(one, wiring))];
}

/** Problems: functions given in code, which cannot go to a thread. */
function ofCode({ path, list, origin: { options } }: SatelliteReading): readonly string[] {
  const blocks = list.entries
    .filter(({ nested, module, name }) => nested === undefined && module === undefined && !Object.hasOwn(GENERIC, name))
    .map(({ name }) => `block "${name}" comes from code, which a thread does not have; name its "module"`);
  const connector =
    options.cf === undefined && options.connector !== undefined
      ? [`the connector of "${path}" comes from code; name its "module" in the configuration "connector"`]
      : [];
  const stray = options.cf === undefined ? uncloneable(options.configs) : undefined;
  return [...blocks, ...connector, ...(stray === undefined ? [] : [`its configs have ${stray}; give plain values`])];
}

/** Problems: blocks that use the connection of the enclosing satellite, which is on another thread. */
function ofConnection(path: string, wiring: readonly BlockWiring[]): readonly string[] {
  const isInside = (one: string): boolean => one === path || one.startsWith(`${path}/`);
  return wiring
    .filter(({ responsibility, server }) => isInside(responsibility) && server !== undefined && !isInside(server))
    .map(
      ({ responsibility }) =>
        `block ${responsibility} uses the server connection of the enclosing satellite, which a thread cannot use; give "${path}" its own connector, or have the block send to a block outside, such as "producer"`,
    );
}
