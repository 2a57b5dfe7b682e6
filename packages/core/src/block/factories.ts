import type { BlockFactory } from './block.js';
import { SputnikError } from '../api/errors.js';

/** Factories by block name. A block made for another connection type does not compile. */
export type BlockFactories<C = unknown> = Readonly<Record<string, BlockFactory<C>>>;

const registry: Record<string, BlockFactory> = Object.create(null) as Record<string, BlockFactory>;

/**
 * Adds a factory to the global registry, as the import of a package's `/register` does. A satellite that is given `blockFactories` does not
 * use the registry. Throws BAD_SETUP if another factory has the name.
 *
 * @example
 * import { defineBlock, registerBlockFactory, Sputnik } from '@sputnikjs/core';
 * registerBlockFactory('hello', defineBlock({ name: 'hello', make: (_config, _to, { land }) => ({ run: () => land() }) }));
 * const flight = await new Sputnik({ appBlocks: [{ name: 'hello' }] }).prepare();
 * console.log((await flight.launch()).clean); // true
 */
export function registerBlockFactory(name: string, factory: BlockFactory): void {
  const present = registry[name];
  // guard: B2 two factories do not share a name
  if (present && present !== factory) {
    throw new SputnikError('BAD_SETUP', `two block factories have the name "${name}"; rename one of them`);
  }
  registry[name] = factory;
}

/**
 * The factories registered so far, by name.
 *
 * @example
 * import { defineBlock, globalFactories, registerBlockFactory } from '@sputnikjs/core';
 * registerBlockFactory('idler', defineBlock({ name: 'idler', make: () => ({}) }));
 * console.log('idler' in globalFactories()); // true
 */
export function globalFactories(): BlockFactories {
  return registry;
}
