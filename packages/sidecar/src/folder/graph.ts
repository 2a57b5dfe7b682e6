import { CONNECTOR, type ListenPlace } from '@sputnikjs/core';
import { placeOf } from '@sputnikjs/messaging/net';
import { inside } from './address-book.js';
import { levelsOf } from './levels.js';
import type { Place } from './options.js';
import type { NestedSetup, SatelliteSetup, Setup } from './setup.js';
import type { BlockWiring } from './wiring.js';

/** How the blocks of a satellite are connected: which block sends to which. */
export interface SatelliteGraph {
  /** In the order of initialisation. */
  readonly blocks: readonly GraphBlock[];
  /** The server of the satellite, and those of nested satellites that have their own. */
  readonly servers: readonly GraphServer[];
  /** The satellites inside it that do not fly on its thread. */
  readonly places: readonly GraphPlace[];
}

/** A block of the graph. */
export interface GraphBlock extends Omit<BlockWiring, 'listens'> {
  /** Where the block will listen: `udp 127.0.0.1:514`. */
  readonly listens: readonly string[];
}

/** Where a nested satellite flies. */
export interface GraphPlace {
  readonly path: string;
  readonly place: Exclude<Place, 'here'>;
}

/** A server of the graph. */
export interface GraphServer {
  /** The path of the satellite that connects to it; empty for the outermost one. */
  readonly path: string;
  /** Its url without secrets, or the module of the connector. */
  readonly place: string;
  /** Where the connector itself will listen, with an embedded server. */
  readonly listens: readonly string[];
}

/** The graph of a satellite that was checked. */
export async function graphOf(setup: Setup): Promise<SatelliteGraph> {
  const blocks = setup.wiring.map(({ listens, ...block }) => ({ ...block, listens: listens.map(placeText) }));
  const all = levelsOf<SatelliteSetup & Partial<NestedSetup>>(setup.root);
  const places = all.flatMap(({ path, place = 'here' }) => (place === 'here' ? [] : [{ path, place }]));
  const own = levelsOf<SatelliteSetup>(setup.root).filter(({ connector }) => connector !== undefined);
  const servers = own.map(async ({ path, connectorListens }) => ({
    path,
    place: await placeOfServer(setup, path),
    listens: connectorListens.map(placeText),
  }));
  return { blocks, servers: await Promise.all(servers), places };
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
