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
export function graphOf({ blocks, edges, server }) {
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
  if (server.state === 'none') return { nodes, arrows };
  const [consumers, producers] = ['consumer', 'producer'].map((kind) => flow.filter(({ name }) => name === kind));
  if (consumers?.length) nodes.unshift({ id: '→ server', kind: 'server', end: 'first' });
  for (const { responsibility: to } of consumers ?? [])
    arrows.push({ id: `server → ${to}`, from: '→ server', to, rate: sentBy(to) });
  if (producers?.length || !consumers?.length) nodes.push({ id: 'server →', kind: 'server', end: 'last' });
  for (const { responsibility: from, handledRate: rate, handled: count } of producers ?? [])
    arrows.push({ id: `${from} → server`, from, to: 'server →', rate, count });
  return { nodes, arrows };
}

/** What a node is called. @param {Node} node */
export const nameOf = ({ kind, block }) => block?.responsibility ?? kind;

/** The port comes first: a host may be too long to be shown. @param {BlockEntry['listens'][number]} place */
const placeText = ({ protocol, host, port }) => `${protocol} ${port || 'any port'} · ${host}`;

/** Messages a second that producers put on the server; without one, that the last blocks handle. @param {Status} status */
export function deliveredRate({ blocks, edges }) {
  const producers = blocks.filter(({ name }) => name === 'producer');
  const senders = new Set(edges.map(({ from }) => from));
  const last = producers.length > 0 ? producers : blocks.filter(({ responsibility }) => !senders.has(responsibility));
  return last.reduce((sum, { handledRate }) => sum + handledRate, 0);
}
