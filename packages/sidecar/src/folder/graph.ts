import { CONNECTOR, type ListenPlace } from '@sputnikjs/core';
import { placeOf } from '@sputnikjs/messaging/net';
import { inside } from './address-book.js';
import { levelsOf } from './levels.js';
import type { SatelliteSetup, Setup } from './setup.js';
import type { BlockWiring } from './wiring.js';

/** A satellite as it is put together: who needs whom. */
export interface SatelliteGraph {
  /** In the order in which they boot. */
  readonly blocks: readonly GraphBlock[];
  /** Of the satellite, and of those inside it that have their own. */
  readonly servers: readonly GraphServer[];
}

/** A block of it. */
export interface GraphBlock extends Omit<BlockWiring, 'listens'> {
  /** Where it is going to listen: `udp 127.0.0.1:514`. */
  readonly listens: readonly string[];
}

/** A server of it. */
export interface GraphServer {
  /** The path of the satellite that connects to it; empty for the outermost one. */
  readonly path: string;
  /** Its url, without what is secret, or the module of the connector. */
  readonly place: string;
  /** Where the connector itself is going to listen: an embedded server. */
  readonly listens: readonly string[];
}

/** What was found when the satellite was checked. */
export async function graphOf(setup: Setup): Promise<SatelliteGraph> {
  const blocks = setup.wiring.map(({ listens, ...block }) => ({ ...block, listens: listens.map(placeText) }));
  const own = levelsOf<SatelliteSetup>(setup).filter(({ connector }) => connector !== undefined);
  const servers = own.map(async ({ path, connectorListens }) => ({
    path,
    place: await placeOfServer(setup, path),
    listens: connectorListens.map(placeText),
  }));
  return { blocks, servers: await Promise.all(servers) };
}

async function placeOfServer({ configurations }: Setup, path: string): Promise<string> {
  const keys = (await configurations()).find(({ name }) => name === inside(path, CONNECTOR))?.keys ?? [];
  const of = (key: string): unknown => keys.find((one) => one.path === key)?.value;
  const url = of('url') ?? of('module');
  if (Array.isArray(url)) return url.join(', ');
  return typeof url === 'string' ? url : 'its connector is given in code';
}

function placeText({ protocol, host, port }: ListenPlace): string {
  return `${protocol} ${placeOf({ address: host, port })}`;
}
