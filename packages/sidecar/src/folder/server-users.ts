import type { Block, BlockDefinition, BlockFactory, MailboxOptions } from '@sputnikjs/core';
import type { Factories } from './block-factories.js';

/** Factories that note which blocks use the server connection, and the bounds of their mailboxes. Only a made block tells this. */
export class ServerUsers {
  /** The responsibilities of blocks that use the server connection. */
  readonly found: Set<string> = new Set();
  /** The bounds of mailboxes, by responsibility, for blocks that set them. */
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
    // a factory in the original's form does not say which block it makes
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
