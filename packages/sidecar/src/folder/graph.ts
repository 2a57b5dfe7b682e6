import { CONNECTOR, type ListenPlace } from '@sputnikjs/core';
import { placeOf } from '@sputnikjs/messaging/net';
import { inside } from './address-book.js';
import { levelsOf } from './levels.js';
import type { Place } from './options.js';
import type { NestedSetup, SatelliteSetup, Setup } from './setup.js';
import type { BlockWiring } from './wiring.js';

/** A satellite as it is put together: who needs whom. */
export interface SatelliteGraph {
  /** In the order in which they boot. */
  readonly blocks: readonly GraphBlock[];
  /** Of the satellite, and of those inside it that have their own. */
  readonly servers: readonly GraphServer[];
  /** The satellites inside it that do not fly on its thread. */
  readonly places: readonly GraphPlace[];
}

/** A block of it. */
export interface GraphBlock extends Omit<BlockWiring, 'listens'> {
  /** Where it is going to listen: `udp 127.0.0.1:514`. */
  readonly listens: readonly string[];
}

/** Where a satellite inside it flies. */
export interface GraphPlace {
  readonly path: string;
  readonly place: Exclude<Place, 'here'>;
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
