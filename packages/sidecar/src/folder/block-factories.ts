import { globalFactories, type BlockDefinition, type BlockFactory } from '@sputnikjs/core';
import { bridgeBlock, consumerBlock, producerBlock, requesterBlock, responderBlock } from '@sputnikjs/messaging';
import { SATELLITE, type BlockList } from './blocks.js';
import { isRecord } from './json-schema.js';
import { loadModule } from './modules.js';
import type { WithProblems } from './problems.js';
import { didYouMean } from './suggest.js';

/** Factories of any connection type. The compiler cannot check what configuration joins; the connect does. */
export type Factories = Readonly<Record<string, BlockFactory>>;

/**
 * Finds the factory of every entry: in the module that the entry names, or among those given, the generic ones and the global registry. A
 * missing one is a problem; a block that does nothing takes its place.
 */
export async function findFactories(
  { label, entries }: BlockList,
  folder: string,
  given: Factories,
): Promise<WithProblems<Factories>> {
  const problems: string[] = [];
  const found = new Map<string, { readonly factory: BlockFactory; readonly module: string | undefined }>();
  for (const { index, name, module, nested } of entries) {
    if (nested !== undefined) continue;
    const result = module === undefined ? known(name, given) : await fromModule(name, module, folder);
    if (typeof result === 'string') problems.push(`${label}: [${index}]: block "${name}": ${result}`);
    const factory = typeof result === 'string' ? placeholder(name) : result;
    const other = found.get(name);
    if (other === undefined) found.set(name, { factory, module });
    else if (other.factory !== factory && typeof result !== 'string') {
      problems.push(
        `${label}: [${index}].module: block "${name}" is not the same block as "${name}" of ${other.module ?? 'an entry'} before it; rename one of them`,
      );
    }
  }
  const factories = [...found].map(([name, { factory }]) => [name, factory] as const);
  const hasNested = entries.some(({ nested }) => nested !== undefined);
  return { value: Object.fromEntries(hasNested ? [...factories, [SATELLITE, NESTED]] : factories), problems };
}

function known(name: string, given: Factories): BlockFactory | string {
  const all: Factories = { ...GENERIC, ...globalFactories(), ...given };
  const factory = Object.hasOwn(all, name) ? all[name] : undefined;
  if (factory !== undefined) return factory;
  const near = didYouMean(name, Object.keys(all));
  return `there is no such block;${near === '' ? '' : `${near} Or`} name its "module"; known blocks: ${Object.keys(all).join(', ')}`;
}

async function fromModule(name: string, module: string, folder: string): Promise<BlockFactory | string> {
  const loaded = await loadModule(module, folder);
  if ('problem' in loaded) return loaded.problem;
  const definitions = loaded.exported.filter((one) => isDefinition(one));
  const definition = definitions.find((one) => one.name === name);
  if (definition !== undefined) return definition;
  const registered = globalFactories();
  if (Object.hasOwn(registered, name) && registered[name] !== undefined) return registered[name];
  const names = definitions.map((one) => `"${one.name}"`).join(', ');
  return `module "${module}" has no such block; it has ${names === '' ? 'none' : names}`;
}

/** True for what `defineBlock` returns. */
export function isDefinition(value: unknown): value is BlockDefinition {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    typeof value['make'] === 'function' &&
    value['kind'] === undefined
  );
}

/** Blocks that any folder may list without a module. */
export const GENERIC: Readonly<Record<string, BlockDefinition>> = {
  producer: producerBlock as BlockDefinition,
  consumer: consumerBlock as BlockDefinition,
  bridge: bridgeBlock,
  requester: requesterBlock as BlockDefinition,
  responder: responderBlock as BlockDefinition,
};

/** The stand-in for nested satellites during a check. */
const NESTED: BlockDefinition = { name: SATELLITE, config: undefined, needs: {}, make: () => ({}) };

/** The stand-in for a block that could not be loaded, so that the same run can check the rest. */
function placeholder(name: string): BlockDefinition {
  return { name, config: undefined, needs: {}, make: () => ({ onMsg: () => undefined }) };
}
