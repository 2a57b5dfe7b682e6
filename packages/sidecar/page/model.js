// @ts-check
// The satellite as a graph: outside, blocks and server, and what goes between them.
/** @import { BlockEntry, Status } from '../src/admin/status.js' */

/**
 * @typedef {object} Node
 * @property {string} id
 * @property {'outside' | 'block' | 'server'} kind
 * @property {'first' | 'last'} [end] Its layer, if it is one of the ends.
 * @property {BlockEntry} [block]
 * @property {number} [sent] How many messages a second it sends to others.
 * @property {readonly string[]} [places] Where the outside comes in.
 * @property {string} [path] Of a server, the satellite that connects to it; empty for the outermost one.
 *
 * @typedef {object} Arrow
 * @property {string} id
 * @property {string} from
 * @property {string} to
 * @property {number} [rate] Messages a second; undefined where nobody counts.
 * @property {number} [count] 0 where none has passed.
 *
 * @typedef {object} Graph
 * @property {readonly Node[]} nodes In the order of the flow: the reverse of that of initialisation.
 * @property {readonly Arrow[]} arrows
 */

/** @type {(status: Status) => Graph} */
export function graphOf({ blocks, edges, server, satellites }) {
  const flow = [...blocks].reverse();
  const names = new Set(blocks.map(({ responsibility }) => responsibility));
  /** @type {Arrow[]} */
  const arrows = edges
    .filter(({ from, to }) => from !== to && names.has(from) && names.has(to))
    .map((edge) => ({ id: `${edge.from} → ${edge.to}`, ...edge }));
  const sentBy = (/** @type {string} */ block) =>
    arrows.reduce((sum, { from, rate = 0 }) => sum + (from === block ? rate : 0), 0);
  /** @type {Node[]} */
  const nodes = flow.map((block) => {
    const id = block.responsibility;
    return { id, kind: 'block', block, sent: sentBy(id) };
  });
  for (const { responsibility: to, listens } of flow) {
    if (listens.length === 0) continue;
    const from = `outside ${to}`;
    nodes.unshift({ id: from, kind: 'outside', end: 'first', places: listens.map(placeText) });
    arrows.push({ id: `→ ${to}`, from, to });
  }
  const own = satellites.filter((one) => one.server !== undefined).map(({ path }) => path);
  for (const path of server.state === 'none' ? own : ['', ...own])
    addServer(
      path,
      flow.filter((block) => pathOfServer(block, own) === path),
      { nodes, arrows, sentBy },
    );
  return { nodes, arrows };
}

/**
 * Adds the server of the satellite at `path`, and who has messages from it or for it.
 * @type {(path: string, flow: readonly BlockEntry[], to: { nodes: Node[], arrows: Arrow[], sentBy: (block: string) => number }) => void}
 */
function addServer(path, flow, { nodes, arrows, sentBy }) {
  const [consumers, producers] = [['consumer'], ['producer', 'join']].map((kinds) =>
    flow.filter(({ name }) => kinds.includes(name)),
  );
  const [source, sink] = [`→ server ${path}`, `server → ${path}`];
  if (consumers?.length) nodes.unshift({ id: source, kind: 'server', end: 'first', path });
  for (const { responsibility: to } of consumers ?? [])
    arrows.push({ id: `server ${path} → ${to}`, from: source, to, rate: sentBy(to) });
  if (producers?.length || !consumers?.length) nodes.push({ id: sink, kind: 'server', end: 'last', path });
  for (const { responsibility: from, handledRate: rate, handled: count } of producers ?? [])
    arrows.push({ id: `${from} → server ${path}`, from, to: sink, rate, count });
}

/** The satellite whose server a block uses: the innermost around it that has one. @type {(block: BlockEntry, own: readonly string[]) => string} */
const pathOfServer = ({ responsibility }, own) =>
  own
    .filter((path) => responsibility === path || responsibility.startsWith(`${path}/`))
    .reduce((a, b) => (b.length > a.length ? b : a), '');

/** The server of the satellite at `path`. @type {(status: Status, path?: string) => Status['server']} */
export const serverOf = (status, path = '') =>
  status.satellites.find((one) => one.path === path)?.server ?? status.server;

/** What a node is called. @param {Node} node */
export const nameOf = ({ kind, block, path }) => block?.responsibility ?? (path ? `${path}/${kind}` : kind);

/** The port comes first: a host may be too long to be shown. @param {BlockEntry['listens'][number]} place */
const placeText = ({ protocol, host, port }) => `${protocol} ${port || 'any port'} · ${host}`;

/** Messages a second that producers put on the server; without one, that the last blocks handle. @param {Status} status */
export function deliveredRate({ blocks, edges }) {
  const producers = blocks.filter(({ name }) => name === 'producer');
  const senders = new Set(edges.map(({ from }) => from));
  const last = producers.length > 0 ? producers : blocks.filter(({ responsibility }) => !senders.has(responsibility));
  return last.reduce((sum, { handledRate }) => sum + handledRate, 0);
}
