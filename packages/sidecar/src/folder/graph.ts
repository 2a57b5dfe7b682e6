import {
  CONNECTOR,
  Sputnik,
  type Block,
  type BlockDefinition,
  type BlockFactory,
  type ListenPlace,
  type SputnikOptions,
} from '@sputnikjs/core';
import { placeOf } from '@sputnikjs/messaging/net';
import type { Setup } from './setup.js';

/** A satellite as it is put together: who needs whom. */
export interface SatelliteGraph {
  /** In the order in which they boot. */
  readonly blocks: readonly GraphBlock[];
  /** Undefined if the satellite has no server. */
  readonly server: GraphServer | undefined;
}

/** A block of it. */
export interface GraphBlock {
  readonly responsibility: string;
  readonly name: string;
  /** What it calls those that it sends to, and their responsibilities. */
  readonly needs: readonly { readonly need: string; readonly to: string }[];
  /** True if it hears of the server's connection. */
  readonly usesServer: boolean;
  /** Where it is going to listen: `udp 127.0.0.1:514`. */
  readonly listens: readonly string[];
}

/** The server of it. */
export interface GraphServer {
  /** Its url, without what is secret, or the module of the connector. */
  readonly place: string;
  /** Where the connector itself is going to listen: an embedded server. */
  readonly listens: readonly string[];
}

/** Makes all blocks, as a check does, and starts nothing. */
export async function graphOf(setup: Setup): Promise<SatelliteGraph> {
  const { sputnik, wiring, connector, connectorListens } = setup;
  const serverUsers = await usersOfServer(sputnik);
  const blocks = wiring.map(({ listens, ...block }) => ({
    ...block,
    usesServer: serverUsers.has(block.responsibility),
    listens: listens.map(placeText),
  }));
  const server = connector && { place: await placeOfServer(setup), listens: connectorListens.map(placeText) };
  return { blocks, server };
}

/** The responsibilities of the blocks that hear of connections; only a block that was made can say so. */
async function usersOfServer(options: SputnikOptions): Promise<ReadonlySet<string>> {
  const users = new Set<string>();
  const noted = <B extends object>(block: B, responsibilities: readonly string[]): B => {
    const { onServerConnect, onServerDisconnect } = block as Partial<Block>;
    if (onServerConnect ?? onServerDisconnect) for (const one of responsibilities) users.add(one);
    return block;
  };
  const watched = (name: string, factory: BlockFactory): BlockFactory => {
    const own = options.appBlocks.filter((entry) => entry.name === name);
    const all = own.map((entry) => entry.responsibility ?? name);
    if (typeof factory === 'function') return () => noted(factory(), all);
    const make: BlockDefinition['make'] = (config, to, ctx) =>
      noted(factory.make(config, to, ctx), [ctx.descriptor.responsibility]);
    return { ...factory, make };
  };
  const factories = Object.entries(options.blockFactories ?? {}) as [string, BlockFactory][];
  const blockFactories = Object.fromEntries(factories.map(([name, factory]) => [name, watched(name, factory)]));
  await new Sputnik({ ...options, blockFactories }).assemble();
  return users;
}

async function placeOfServer({ configurations }: Setup): Promise<string> {
  const keys = (await configurations()).find(({ name }) => name === CONNECTOR)?.keys ?? [];
  const of = (path: string): unknown => keys.find((key) => key.path === path)?.value;
  const url = of('url') ?? of('module');
  if (Array.isArray(url)) return url.join(', ');
  return typeof url === 'string' ? url : 'its connector is given in code';
}

function placeText({ protocol, host, port }: ListenPlace): string {
  return `${protocol} ${placeOf({ address: host, port })}`;
}
