import assert from 'node:assert/strict';
import {
  defineBlock,
  SputnikError,
  type AnyBlock,
  type BlockCommunicator,
  type BlockFactory,
  type LandingReport,
} from '@sputnikjs/core';
import { Nest, type Given } from './nested-helpers.js';

/** Blocks outside: what they get is told. */
export class Outside {
  readonly got: unknown[] = [];
  self!: BlockCommunicator;

  readonly blockFactories: Readonly<Record<string, BlockFactory>> = this.#factories({
    record: { onMsg: ({ text }) => void this.got.push(text) },
    store: { onMsg: ({ n }) => void this.got.push(n) },
    source: {
      run: (own) => void (this.self = own),
      onMsg: (msg, from) => void this.got.push(`source ${msg.text} of ${from.descriptor.responsibility}`),
    },
  });

  #factories(blocks: Readonly<Record<string, Partial<AnyBlock>>>): Record<string, BlockFactory> {
    return Object.fromEntries(
      Object.entries(blocks).map(([name, block]) => [name, defineBlock({ name, make: () => block })]),
    );
  }

  async fly(given: Omit<Given, 'blockFactories'>): Promise<Nest> {
    return await Nest.fly({ ...given, blockFactories: this.blockFactories });
  }

  to(address: string): BlockCommunicator {
    const found = this.self.communicator(address);
    assert.ok(found, `there is no ${address}`);
    return found;
  }
}

/** Resolves when it holds; what other threads do comes when it comes. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 120_000; !holds();) {
    if (Date.now() > end) assert.fail(`in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function failure(work: Promise<unknown>): Promise<SputnikError<LandingReport>> {
  const error = await work.then(
    () => assert.fail('it did not reject'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SputnikError, String(error));
  return error as SputnikError<LandingReport>;
}
