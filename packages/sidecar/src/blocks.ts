import { globalFactories, SputnikError, type BlockDefinition, type BlockEntry, type BlockFactory } from '@sputnikjs/core';
import { z } from 'zod';
import { consumerBlock } from './consumer.js';
import { describeIssue } from './issues.js';
import { declaredKeys, isRecord } from './known-keys.js';
import { loadModule } from './modules.js';
import { producerBlock } from './producer.js';
import type { Reader } from './reader.js';
import { didYouMean } from './suggest.js';

/** A block of the process as `blocks.json` lists it. */
export interface SidecarEntry extends BlockEntry {
  /** Where its factory is: a file, relative to the folder, or a package. Not needed for those known already. */
  readonly module?: string | undefined;
}

/** Factories of any connection type: what configuration joins is checked when it connects, not when it compiles. */
export type Factories = Readonly<Record<string, BlockFactory>>;

const name = z.string().min(1);
const Entries = z.array(
  z.strictObject({
    name,
    responsibility: name.optional(),
    module: name.optional(),
    needs: z.record(z.string(), name).optional(),
  }),
);

/** Reads the list of blocks. Rejects with BAD_CONFIG. */
export async function readBlocks(reader: Reader): Promise<{ readonly label: string; readonly entries: readonly SidecarEntry[] }> {
  const found = await reader.read('blocks');
  if (found === undefined) throw badBlocks([`${reader.missing(['blocks'])}; it lists the blocks of the satellite`]);
  const { label } = found;
  const problems: string[] = [];
  const value = withSmallLetters(found.value, (problem) => problems.push(`${label}: ${problem}`));
  const { data = [], error } = Entries.safeParse(value);
  const checked = { label, value, origins: new Map<string, string>(), declared: declaredKeys(Entries) };
  for (const issue of error?.issues ?? []) problems.push(...describeIssue(issue, checked));
  if (problems.length > 0) throw badBlocks(problems);
  return { label, entries: data };
}

/** Takes the original's spelling, `Name` and `Responsibility`, too. */
function withSmallLetters(value: unknown, problem: (text: string) => void): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown, index) => {
    if (!isRecord(entry)) return entry;
    const renamed = { ...entry };
    for (const key of ['name', 'responsibility']) {
      const capital = `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
      if (!Object.hasOwn(renamed, capital)) continue;
      if (Object.hasOwn(renamed, key)) problem(`[${index}].${capital}: is given twice, also as ${key}; keep one of them`);
      else renamed[key] = renamed[capital];
      delete renamed[capital];
    }
    return renamed;
  });
}

/**
 * Finds the factory of every entry: in the module that it names, else among those given, the generic ones and the global
 * registry. One that cannot be found is told to `problem`, and a block that does nothing stands for it.
 */
export async function findFactories(
  { label, entries }: { readonly label: string; readonly entries: readonly SidecarEntry[] },
  { folder, given, problem }: { readonly folder: string; readonly given: Factories; readonly problem: (text: string) => void },
): Promise<Factories> {
  const found = new Map<string, { readonly factory: BlockFactory; readonly module: string | undefined }>();
  for (const [index, { name, module }] of entries.entries()) {
    const result = module === undefined ? known(name, given) : await fromModule(name, module, folder);
    if (typeof result === 'string') problem(`${label}: [${index}]: block "${name}": ${result}`);
    const factory = typeof result === 'string' ? placeholder(name) : result;
    const other = found.get(name);
    if (other === undefined) found.set(name, { factory, module });
    else if (other.factory !== factory && typeof result !== 'string') {
      problem(`${label}: [${index}].module: block "${name}" is another one than that of ${other.module ?? 'the entry'} before`);
    }
  }
  return Object.fromEntries([...found].map(([name, { factory }]) => [name, factory]));
}

function known(name: string, given: Factories): BlockFactory | string {
  const generic = { producer: producerBlock as BlockDefinition, consumer: consumerBlock as BlockDefinition };
  const all: Factories = { ...generic, ...globalFactories(), ...given };
  const factory = Object.hasOwn(all, name) ? all[name] : undefined;
  if (factory !== undefined) return factory;
  const near = didYouMean(name, Object.keys(all));
  return `there is no such block;${near === '' ? '' : `${near} Or`} name the module that has it, known are ${Object.keys(all).join(', ')}`;
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
  return `module "${module}" has no such block, it has ${names === '' ? 'none' : names}`;
}

function isDefinition(value: unknown): value is BlockDefinition {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['make'] === 'function' && value['kind'] === undefined;
}

/** Stands for a block that could not be loaded, so that the rest can be checked in the same run. */
function placeholder(name: string): BlockDefinition {
  return { name, config: undefined, needs: {}, make: () => ({ onMsg: () => undefined }) };
}

function badBlocks(problems: readonly string[]): SputnikError {
  return new SputnikError('BAD_CONFIG', 'the list of blocks cannot be used', { problems });
}
