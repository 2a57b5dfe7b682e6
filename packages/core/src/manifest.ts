import { ActiveBlock } from './active-block.js';
import type { BlockFactory } from './block.js';
import type { CrewMember } from './boot.js';
import { confFactory } from './config.js';
import { CONNECTOR, describe, FINISHER, label, RESERVED } from './descriptor.js';
import { fit, type Slot, type Workshop } from './fitting.js';
import type { Initiator } from './initiator.js';

/** A block of the process as configuration lists it. */
export interface BlockEntry {
  readonly name: string;
  /** The name unless given. */
  readonly responsibility?: string | undefined;
  /** Other addresses for what the block needs, by the names it uses for them. */
  readonly needs?: Readonly<Record<string, string>> | undefined;
}

/** All that has to be manned. */
export interface Manifest {
  readonly appBlocks: readonly BlockEntry[];
  readonly factories: Readonly<Record<string, BlockFactory>>;
  readonly finisher: BlockFactory;
  /** Absent where there is no server. */
  readonly connector: BlockFactory | undefined;
}

/**
 * Makes all blocks: finisher, connector, then application blocks as listed (B1). Nothing is initialised. All problems are
 * found in one go: names and addresses, then configurations, wiring and shapes (B2).
 */
export async function muster(
  manifest: Manifest,
  workshop: Workshop & { readonly control: Initiator },
): Promise<{ readonly crew: readonly CrewMember[]; readonly problems: readonly string[] }> {
  const { control } = workshop;
  const problems: string[] = [];
  const slots: Slot[] = [];
  const add = ({ name, responsibility, needs = {} }: BlockEntry, factory: BlockFactory | undefined): void => {
    const active = new ActiveBlock(describe(name, responsibility), control);
    control.blocks.set(active.descriptor.responsibility, active);
    if (factory) slots.push({ active, factory, needs });
  };
  add({ name: FINISHER }, manifest.finisher);
  if (manifest.connector) add({ name: CONNECTOR }, manifest.connector);
  for (const entry of manifest.appBlocks) {
    const factory = Object.hasOwn(manifest.factories, entry.name) ? manifest.factories[entry.name] : undefined;
    const faults = addressFaults(entry, control);
    // Its address is known all the same, lest the needs of others seem unmet.
    if (faults.length === 0) add(entry, factory);
    if (!factory)
      faults.push(`no factory has its name; there are: ${Object.keys(manifest.factories).join(', ') || 'none'}`);
    problems.push(...faults.map((fault) => `block ${label(describe(entry.name, entry.responsibility))}: ${fault}`));
  }
  for (const slot of slots) {
    const faults = await fit(slot, workshop);
    problems.push(...faults.map((fault) => `block ${label(slot.active.descriptor)}: ${fault}`));
  }
  const config = confFactory(workshop.source);
  return { crew: slots.map(({ active }) => ({ active, config })), problems };
}

function addressFaults(entry: BlockEntry, control: Initiator): string[] {
  const address = entry.responsibility ?? entry.name;
  if (typeof entry.name !== 'string' || typeof address !== 'string' || !entry.name || !address) {
    return ['its name and responsibility must be texts that are not empty'];
  }
  if (RESERVED.has(address)) return [`its responsibility "${address}" is reserved for infrastructure`];
  return control.blocks.has(address)
    ? [`its responsibility "${address}" is taken; give each block one of its own`]
    : [];
}
