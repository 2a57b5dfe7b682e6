import { ActiveBlock, type FlightControl } from './active-block.js';
import type { AnyBlock, BlockCommunicator, BlockDefinition, BlockFactory, Needs, Wiring } from './block.js';
import { confFactory, type ConfigSource } from './config.js';
import { CONNECTOR, describe, label, RESERVED } from './descriptor.js';
import { SputnikError, textOf } from './errors.js';
import type { BlockFactories } from './factories.js';

/** Other addresses for what a block needs, by the names it uses for them. */
type Rewiring = Readonly<Record<string, string>>;

/** A block of the process as configuration lists it. */
export interface BlockEntry {
  readonly name: string;
  /** The name unless given. */
  readonly responsibility?: string | undefined;
  /** Other addresses for what the block needs, by the names it uses for them. */
  readonly needs?: Rewiring | undefined;
}

/** Where blocks get their addresses. */
type Muster = FlightControl & { readonly blocks: Map<string, ActiveBlock> };

/**
 * Makes all blocks: infrastructure, then application blocks as listed (B1). Nothing is initialised. Resolves with all
 * problems, found in one go: names and addresses, then configurations, wiring and shapes (B2).
 */
export async function muster(
  control: Muster,
  infrastructure: BlockFactories,
  appBlocks: readonly BlockEntry[],
  factories: BlockFactories,
): Promise<string[]> {
  const problems: string[] = [];
  const made: { active: ActiveBlock; factory: BlockFactory; needs: Rewiring }[] = [];
  const tell = ({ name, responsibility }: BlockEntry, faults: readonly string[]): void =>
    void problems.push(...faults.map((fault) => `block ${label(describe(name, responsibility))}: ${fault}`));
  const add = ({ name, responsibility, needs = {} }: BlockEntry, factory: BlockFactory | undefined): void => {
    const active = new ActiveBlock(describe(name, responsibility), control);
    control.blocks.set(active.descriptor.responsibility, active);
    if (factory) made.push({ active, factory, needs });
  };
  for (const [name, factory] of Object.entries(infrastructure)) add({ name }, factory);
  for (const entry of appBlocks) {
    const factory = Object.hasOwn(factories, entry.name) ? factories[entry.name] : undefined;
    const faults = addressFaults(entry, control);
    // Its address is known all the same, lest the needs of others seem unmet.
    if (faults.length === 0) add(entry, factory);
    if (!factory) faults.push(`no factory has its name; there are: ${Object.keys(factories).join(', ') || 'none'}`);
    tell(entry, faults);
  }
  for (const { active, factory, needs } of made) tell(active.descriptor, await fit(active, factory, needs));
  return problems;
}

function addressFaults({ name, responsibility: address = name }: BlockEntry, { blocks }: Muster): string[] {
  if (typeof name !== 'string' || typeof address !== 'string' || !name || !address) {
    return ['its name and responsibility must be texts that are not empty'];
  }
  if (RESERVED.has(address)) return [`its responsibility "${address}" is reserved for infrastructure`];
  return blocks.has(address) ? [`its responsibility "${address}" is taken; give each block one of its own`] : [];
}

/** Makes a block and gives it to its address. Resolves with all that is wrong, one line each (B2). */
async function fit(active: ActiveBlock, factory: BlockFactory, instead: Rewiring): Promise<string[]> {
  const faults: string[] = [];
  const original = typeof factory === 'function';
  try {
    const block: unknown = original ? factory() : await define(active, factory, instead, faults);
    if (faults.length === 0) faults.push(...shapeFaults(block, original, active.control.blocks.has(CONNECTOR)));
    if (faults.length === 0) active.equip(block as Partial<AnyBlock>);
  } catch (error) {
    faults.push(`its factory failed: ${textOf(error)}`);
  }
  return faults;
}

/** Makes a defined block, unless there are faults. */
async function define(active: ActiveBlock, definition: BlockDefinition, instead: Rewiring, faults: string[]) {
  const to = wire(active, definition.needs, instead, faults);
  const config = await configure(active, definition, faults);
  return faults.length === 0 ? definition.make(config, to, active.context) : undefined;
}

/** The configuration of a block is the one of its responsibility, else the one of its name. */
async function configure(active: ActiveBlock, { config }: BlockDefinition, faults: string[]): Promise<unknown> {
  if (!config) return undefined;
  const { name, responsibility } = active.descriptor;
  const { source } = active.control.plan;
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
function wire(active: ActiveBlock, needs: Needs, instead: Rewiring, faults: string[]): Wiring<Needs> {
  const unknown = Object.keys(instead).filter((need) => !Object.hasOwn(needs, need));
  const known = Object.keys(needs).join(', ') || 'none';
  faults.push(...unknown.map((need) => `it has no need "${need}" that could be rewired; it has: ${known}`));
  const to: Record<string, BlockCommunicator> = {};
  for (const [need, responsibility] of Object.entries({ ...needs, ...instead })) {
    const peer = active.control.blocks.get(responsibility);
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
