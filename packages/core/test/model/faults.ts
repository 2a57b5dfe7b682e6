import {
  defineBlock,
  type BlockEntry,
  type BlockFactories,
  type BlockFactory,
  type StandardSchemaV1,
} from '@sputnikjs/core';
import type { Fault } from './plan.js';

/** A block, or an option, with something wrong, and how its problem has to be told. */
export interface Faulty {
  readonly entry?: BlockEntry;
  readonly factory?: BlockFactory<number>;
  readonly timeouts?: { readonly connectMs: number };
  readonly problem: RegExp;
}

const bare = { init() {}, run() {}, finish() {} };

const unfit: StandardSchemaV1<unknown, never> = {
  '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'is unfit' }] }) },
};

/** The name of a factory that the record of factories only inherits: own properties count. */
const INHERITED = 'inherited';

/** A record of factories, with an inherited one. */
export function factoriesOf(factories: Readonly<Record<string, BlockFactory<number>>>): BlockFactories<number> {
  return Object.assign(Object.create({ [INHERITED]: () => bare }) as typeof factories, factories);
}

/** What is wrong with the setup, made so. `nth` keeps the names apart. */
export function makeFaulty(fault: Fault, nth: number): Faulty {
  const name = `wrong${nth}`;
  const entry = { name };
  const problem = new RegExp(`\\b${name}\\b`);
  switch (fault) {
    case 'unknownName':
      return { entry: { name: INHERITED, responsibility: name }, problem };
    case 'noBlock':
      return { entry, factory: (() => undefined) as unknown as BlockFactory<number>, problem };
    case 'brokenFactory':
      return { entry, factory: broken, problem };
    case 'missingCallback':
      return { entry, factory: () => ({ init() {}, run() {} }) as unknown as typeof bare, problem };
    case 'duplicate':
      return { entry: { name, responsibility: 'twice' }, factory: () => bare, problem };
    case 'reserved':
      return { entry: { name, responsibility: 'connector' }, factory: () => bare, problem };
    case 'unmetNeed':
      return { entry, factory: defineBlock({ name, needs: { it: 'nobody' }, make: () => bare }), problem };
    case 'badConfig':
      return { entry, factory: defineBlock({ name, config: unfit, make: () => bare }), problem };
    case 'noConnector':
      return { entry, factory: () => ({ ...bare, onServerConnect() {} }), problem };
    case 'badMailbox':
      return { entry, factory: () => ({ ...bare, onMsg() {}, mailbox: { capacity: 0 } }), problem };
    case 'badTimeout':
      return { timeouts: { connectMs: [0, Number.NaN, 2 ** 31][nth % 3] ?? 0 }, problem: /timeouts\.connectMs/ };
  }
}

function broken(): never {
  throw new Error('broken');
}
