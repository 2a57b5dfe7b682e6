import type { ActiveBlock, FlightControl } from './active-block.js';
import type { AnyBlock, BlockCommunicator, BlockDefinition, BlockFactory, Needs, Wiring } from './block.js';
import { confFactory, type ConfigSource } from './config.js';
import { SputnikError, textOf } from './errors.js';

/** A block to be: its address, and what makes it. */
export interface Slot {
  readonly active: ActiveBlock;
  readonly factory: BlockFactory;
  /** Other addresses for what it needs. */
  readonly needs: Readonly<Record<string, string>>;
}

/** What blocks are made with. */
export interface Workshop {
  readonly control: FlightControl;
  readonly source: ConfigSource;
  readonly hasServer: boolean;
}

/** Makes the block of a slot and gives it to its address. Resolves with all that is wrong, one line each (B2). */
export async function fit(slot: Slot, workshop: Workshop): Promise<string[]> {
  const { active, factory } = slot;
  const faults: string[] = [];
  try {
    const original = typeof factory === 'function';
    const block = original ? factory() : await define(slot, factory, workshop, faults);
    if (faults.length === 0) faults.push(...shapeFaults(block, original, workshop.hasServer));
    if (faults.length === 0) active.equip(block as Partial<AnyBlock>);
  } catch (error) {
    faults.push(`its factory failed: ${textOf(error)}`);
  }
  return faults;
}

/** Makes a defined block, unless there are faults. */
async function define(
  { active, needs }: Slot,
  definition: BlockDefinition,
  { control, source }: Workshop,
  faults: string[],
): Promise<unknown> {
  const to = wire(definition.needs, needs, active, control, faults);
  const config = await configure(definition, active, source, faults);
  return faults.length === 0 ? definition.make(config, to, active.context) : undefined;
}

/** The configuration of a block is the one of its responsibility, else the one of its name. */
async function configure(
  { config }: BlockDefinition,
  { descriptor: { name, responsibility } }: ActiveBlock,
  source: ConfigSource,
  faults: string[],
): Promise<unknown> {
  if (!config) return undefined;
  const own: ConfigSource = async (_, schema) =>
    (await source(responsibility, schema)) ?? (name === responsibility ? undefined : await source(name, schema));
  try {
    return await confFactory(own)(responsibility, config);
  } catch (error) {
    const problems = error instanceof SputnikError ? error.problems : [];
    faults.push(...(problems.length > 0 ? problems : [textOf(error)]));
    return undefined;
  }
}

/** Handles on what a block needs, each at the address declared, or at the one given instead. */
function wire(
  needs: Needs,
  instead: Slot['needs'],
  active: ActiveBlock,
  control: FlightControl,
  faults: string[],
): Wiring<Needs> {
  const unknown = Object.keys(instead).filter((need) => !Object.hasOwn(needs, need));
  const known = Object.keys(needs).join(', ') || 'none';
  faults.push(...unknown.map((need) => `it has no need "${need}" that could be rewired; it has: ${known}`));
  const to: Record<string, BlockCommunicator> = {};
  for (const [need, responsibility] of Object.entries({ ...needs, ...instead })) {
    const peer = control.blocks.get(responsibility);
    if (peer) to[need] = active.handleOn(peer);
    else faults.push(`its need "${need}" is unmet: no block has the responsibility "${responsibility}"`);
  }
  return to;
}

/** What is missing from a block, or does not fit. */
function* shapeFaults(made: unknown, original: boolean, hasServer: boolean): Iterable<string> {
  if (typeof made !== 'object' || made === null) return yield 'its factory returned no block';
  const block: Partial<AnyBlock> = made;
  for (const name of ['init', 'run', 'finish'] as const) {
    if (original && typeof block[name] !== 'function') yield `its callback ${name} is missing`;
  }
  for (const name of ['onServerConnect', 'onServerDisconnect'] as const) {
    if (block[name] && !hasServer) yield `it has ${name}, and so needs a server connector; the satellite has none`;
  }
  const { capacity = 1, concurrency = 1, whenFull = 'reject' } = block.mailbox ?? {};
  for (const [name, bound] of Object.entries({ capacity, concurrency })) {
    if (!Number.isInteger(bound) || bound < 1) yield `its mailbox.${name} must be a positive integer, not ${bound}`;
  }
  if (!['reject', 'drop-oldest'].includes(whenFull)) {
    yield `its mailbox.whenFull must be "reject" or "drop-oldest", not "${whenFull}"`;
  }
}
