import type { BlockMetrics } from '@sputnikjs/core';
import type { Family, Sample } from './exposition.js';
import type { Measured } from './metric.js';
import { METRICS } from './metrics.js';

/** The metrics with their values: those of Sputnik, then those of the blocks. */
export function familiesOf(measured: Measured): readonly Family[] {
  const own = METRICS.map(({ name, type, help, read }) => ({ name, type, help, samples: read(measured) }));
  return [...own, ...givenFamilies(measured.given)];
}

/** What blocks measure, by the names of their factories, since blocks of one kind measure the same. */
function givenFamilies(given: readonly BlockMetrics[]): readonly Family[] {
  const families = new Map<string, Family & { readonly samples: Sample[] }>();
  for (const { block, metrics } of given) {
    for (const { name, type, help, value, labels } of metrics) {
      const full = `sputnik_${block.name}_${name}`.replaceAll(/\W/g, '_');
      const family = families.get(full) ?? {
        name: full,
        type: type === 'gauge' || type === 'held' ? 'gauge' : 'counter',
        help,
        samples: [],
      };
      families.set(full, family);
      family.samples.push({ labels: { block: block.responsibility, ...labels }, value });
    }
  }
  return [...families.values()];
}
