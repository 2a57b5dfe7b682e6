import type { Block, BlockDefinition, BlockFactory, MailboxOptions } from '@sputnikjs/core';
import type { Factories } from './block-factories.js';

/** Factories that note which blocks hear of the server's connection, and their bounds; only a block that was made can say so. */
export class ServerUsers {
  /** Their responsibilities. */
  readonly found: Set<string> = new Set();
  /** The bounds of their mailboxes, by responsibility, where they have given some. */
  readonly mailboxes: Map<string, MailboxOptions> = new Map();
  readonly factories: Factories;

  constructor(
    factories: Factories,
    entries: readonly { readonly name: string; readonly responsibility?: string | undefined }[],
  ) {
    const watched = Object.entries(factories).map(([name, factory]) => {
      const own = entries.filter((entry) => entry.name === name);
      return [
        name,
        this.#watch(
          factory,
          own.map((entry) => entry.responsibility ?? name),
        ),
      ] as const;
    });
    this.factories = Object.fromEntries(watched);
  }

  #watch(factory: BlockFactory, all: readonly string[]): BlockFactory {
    // one in the original's form does not say which of them it makes
    if (typeof factory === 'function') return () => this.#noted(factory(), all);
    const make: BlockDefinition['make'] = (config, to, ctx) =>
      this.#noted(factory.make(config, to, ctx), [ctx.descriptor.responsibility]);
    return { ...factory, make };
  }

  #noted<B extends object>(block: B, responsibilities: readonly string[]): B {
    const { onServerConnect, onServerDisconnect, mailbox } = (block ?? {}) as Partial<Block>;
    if (mailbox) for (const one of responsibilities) this.mailboxes.set(one, mailbox);
    if (onServerConnect ?? onServerDisconnect) for (const one of responsibilities) this.found.add(one);
    return block;
  }
}
