import type { Address, Addresses } from '../mailbox/address.js';
import type { BlockCommunicator } from '../api/block-communicator.js';
import type { BlockDefinition, BlockFactory, Needs, Wiring } from '../block/block.js';
import { Callbacks } from '../block/callbacks.js';
import { findCircle } from './circle.js';
import { confFactory, type ConfigSource } from '../api/config.js';
import { CONNECTOR, describe, label, RESERVED, type BlockDescriptor } from '../api/descriptor.js';
import { SputnikError, textOf } from '../api/errors.js';
import type { BlockFactories } from '../block/factories.js';
import type { ActiveFlight } from './flight.js';
import { shapeProblems } from '../block/shape.js';

/** Other addresses for what a block needs, by the names it uses for them. */
type Rewiring = Readonly<Record<string, string>>;

/** A block of the process as configuration lists it. */
export interface BlockEntry {
  readonly name: string;
  /** Default: the address that the block declares, or its name. */
  readonly responsibility?: string | undefined;
  /** Other addresses for what the block needs, by the names it uses for them. */
  readonly needs?: Rewiring | undefined;
}

/**
 * Adds the address of the block to its entry: its own `responsibility`, or the address that the block declares. Without both, adds none: then
 * the name of the block is its address (B2).
 *
 * @example
 * import { defineBlock, withAddress } from '@sputnikjs/core';
 * const memory = defineBlock({ name: 'memory', address: 'store', make: () => ({ onMsg() {} }) });
 * console.log(withAddress({ name: 'memory' }, memory).responsibility); // store
 * console.log(withAddress({ name: 'memory', responsibility: 'spare' }, memory).responsibility); // spare
 */
export function withAddress<E extends BlockEntry>(
  entry: E,
  factory: BlockFactory | undefined,
): E & Pick<BlockEntry, 'responsibility'> {
  // guard: B2 the address that a block declares is its default
  const { responsibility = typeof factory === 'object' ? factory.address : undefined } = entry;
  return { ...entry, responsibility };
}

/** What is found on the way, and what came of it. */
interface Checked<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/** A block that has its address, and is to be made. */
interface Place {
  readonly address: Address;
  readonly factory: BlockFactory;
  readonly instead: Rewiring;
}

/**
 * Makes all blocks of a flight: infrastructure, then application blocks as listed (B1). Nothing is initialised. Resolves with all
 * problems, found in one go: names and addresses, then configurations, wiring and shapes (B2).
 */
export async function assemble(
  flight: ActiveFlight,
  infrastructure: BlockFactories,
  appBlocks: readonly BlockEntry[],
  factories: BlockFactories,
): Promise<{ readonly problems: readonly string[]; readonly warnings: readonly string[] }> {
  const { value: places, problems } = address(flight, infrastructure, appBlocks, factories);
  const made: string[] = [];
  for (const place of places) made.push(...told(place.address.descriptor, await make(flight, place)));
  // guard: B2 a need is met by a block that takes messages
  const deaf = places.flatMap((place) => told(place.address.descriptor, deafNeeds(flight, place)));
  // guard: N1 needs that go in a circle are a warning
  return { problems: [...problems, ...made, ...deaf], warnings: circularNeeds(places) };
}

function told(descriptor: BlockDescriptor, problems: readonly string[]): readonly string[] {
  return problems.map((problem) => `block ${label(descriptor)}: ${problem}`);
}

/** Gives each block its address. One without a factory gets it, too, so that the needs of others do not seem unmet. */
function address(
  { addresses }: ActiveFlight,
  infrastructure: BlockFactories,
  appBlocks: readonly BlockEntry[],
  factories: BlockFactories,
): Checked<readonly Place[]> {
  const places = Object.entries(infrastructure).map(([name, factory]): Place => ({
    address: addresses.add(describe(name)),
    factory,
    instead: {},
  }));
  const problems = appBlocks.flatMap((entry) => {
    // guard: B2 factories are own properties
    const factory = Object.hasOwn(factories, entry.name) ? factories[entry.name] : undefined;
    const { name, responsibility, needs: instead = {} } = withAddress(entry, factory);
    const descriptor = describe(name, responsibility);
    const faults = addressProblems(descriptor, addresses);
    const address = faults.length === 0 ? addresses.add(descriptor) : undefined;
    if (address && factory) places.push({ address, factory, instead });
    const known = Object.keys(factories).join(', ') || 'none';
    const missing = factory ? [] : [`no factory has its name; the factories are: ${known}`];
    return told(descriptor, [...faults, ...missing]);
  });
  return { value: places, problems };
}

function addressProblems({ name, responsibility }: BlockDescriptor, addresses: Addresses): readonly string[] {
  // guard: B2 names and addresses are texts
  if (typeof name !== 'string' || typeof responsibility !== 'string' || !name || !responsibility)
    return ['its name and responsibility must be non-empty text'];
  // guard: B2 reserved addresses are refused
  if (RESERVED.has(responsibility)) return [`its responsibility "${responsibility}" is reserved for infrastructure`];
  // guard: B2 an address belongs to one block
  if (addresses.get(responsibility))
    return [`its responsibility "${responsibility}" is taken; give each block its own`];
  return [];
}

/** Makes a block at its address. Resolves with all that is wrong, one line each (B2). */
async function make(flight: ActiveFlight, { address, factory, instead }: Place): Promise<readonly string[]> {
  const isOriginal = typeof factory === 'function';
  const callbacks = new Callbacks(address, flight);
  try {
    const { value: block, problems } = isOriginal
      ? { value: factory(), problems: [] }
      : await define(flight, factory, instead, callbacks);
    if (problems.length > 0) return problems;
    const faults = [...shapeProblems(block, isOriginal, flight.addresses.get(CONNECTOR) !== undefined)];
    if (faults.length === 0) flight.add(block ?? {}, callbacks);
    return faults;
  } catch (error) {
    // guard: B2 a factory that throws is a problem
    return [`its factory failed: ${textOf(error)}`];
  }
}

/** Makes a defined block, unless there are problems. */
async function define(
  flight: ActiveFlight,
  definition: BlockDefinition,
  instead: Rewiring,
  { address, context }: Callbacks,
): Promise<Checked<ReturnType<BlockDefinition['make']> | undefined>> {
  const to = wire(address, definition.needs, instead);
  const config = await configure(flight.plan.source, address.descriptor, definition);
  const problems = [...to.problems, ...config.problems];
  // guard: B2 a block with problems is not made
  return { value: problems.length === 0 ? definition.make(config.value, to.value, context) : undefined, problems };
}

/** The configuration of a block is the one of its responsibility, else the one of its name. */
async function configure(
  source: ConfigSource,
  { name, responsibility }: BlockDescriptor,
  { config }: BlockDefinition,
): Promise<Checked<unknown>> {
  if (!config) return { value: undefined, problems: [] };
  // guard: B2 the configuration of a block may be that of its name
  const own: ConfigSource = async (_, schema) =>
    (await source(responsibility, schema)) ?? (name === responsibility ? undefined : await source(name, schema));
  try {
    return { value: await confFactory(own)(responsibility, config), problems: [] };
  } catch (error) {
    const problems = error instanceof SputnikError ? error.problems : [];
    return { value: undefined, problems: problems.length > 0 ? problems : [textOf(error)] };
  }
}

/** Handles on what a block needs, each at the address declared, or at the one given instead. */
function wire(owner: Address, needs: Needs, instead: Rewiring): Checked<Wiring<Needs>> {
  const known = Object.keys(needs).join(', ') || 'none';
  const handles: Record<string, BlockCommunicator> = {};
  // guard: B2 only needs that a block has are rewired
  const unknown = Object.keys(instead).filter((need) => !Object.hasOwn(needs, need));
  const problems = unknown.map((need) => `it has no need "${need}" to rewire; its needs are: ${known}`);
  for (const [need, responsibility] of Object.entries({ ...needs, ...instead })) {
    const on = owner.find(responsibility);
    // guard: B2 unmet needs are a problem
    if (on) handles[need] = on;
    else problems.push(`its need "${need}" is unmet: no block has the responsibility "${responsibility}"`);
  }
  return { value: handles, problems };
}

/** Addresses of what a block needs, by its names for them. */
function needsOf({ factory, instead }: Place): readonly (readonly [need: string, responsibility: string])[] {
  const needs = typeof factory === 'function' ? {} : (factory.needs ?? {});
  return Object.entries(needs).map(([need, responsibility]) => [need, instead[need] ?? responsibility]);
}

/** Needs that are met by blocks that take no messages; known only when all are made that can be. */
function deafNeeds({ blocks, addresses }: ActiveFlight, place: Place): readonly string[] {
  const isDeaf = (at: string): boolean => blocks.get(at) !== undefined && !addresses.get(at)?.mailbox;
  return needsOf(place).flatMap(([need, at]) =>
    isDeaf(at) ? `its need "${need}" is unmet: block "${at}" takes no messages (it has neither onMsg nor onMsgs)` : [],
  );
}

/** Blocks that need each other may ask each other, and then wait for each other (M5). */
function circularNeeds(places: readonly Place[]): readonly string[] {
  const edges = places.flatMap((place) =>
    needsOf(place).map(([, responsibility]) => [place.address.descriptor.responsibility, responsibility] as const),
  );
  const circle = findCircle(edges);
  if (!circle) return [];
  const path = [...circle, circle[0]].join(' → ');
  return [
    `blocks need each other in a circle: ${path}; if they ask each other from onMsg, they wait until a deadline passes`,
  ];
}
