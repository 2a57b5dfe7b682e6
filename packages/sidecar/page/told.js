// @ts-check
// What is told of a block, the server and the outside, in few words.
import { nameOf, serverOf } from './model.js';
import { brief, duration, rate } from './words.js';
/** @import { BlockEntry, Status } from '../src/admin/status.js' */
/** @import { Node } from './model.js' */

/** From this fill on a mailbox shows that its block is too slow, as in the status. */
export const FULL = 0.5;

/** @param {BlockEntry} block */
export const isFull = ({ depth, capacity }) => capacity > 0 && depth >= FULL * capacity;

/** @param {BlockEntry} block */
export const isTroubled = (block) => isFull(block) || block.lost > 0 || block.failed > 0 || block.rejectedRate > 0;

/** @type {Readonly<Record<BlockEntry['state'], string>>} */
export const STATES = {
  made: 'not started',
  initializing: 'starts …',
  ready: 'ready',
  running: 'running',
  finishing: 'finishes …',
  finished: 'finished',
};

/** @param {Pick<Status['server'], 'state' | 'away'>} server */
export function connectionText({ state, away }) {
  if (away) return 'away';
  return state === 'idle' ? 'not connected yet' : state;
}

/**
 * @typedef {object} Told
 * @property {string} name
 * @property {string} figure
 * @property {string} [side] Beside the figure.
 * @property {string} note
 * @property {string} [loss]
 * @property {number} [fill] From 0 to 1; undefined where there is no mailbox.
 */

/** @type {(node: Node, status: Status) => Told} */
export function toldOf(node, status) {
  const { kind, block, sent = 0, places = [], path } = node;
  if (block) return blockTold(block, sent);
  const [figure = '', note = '', ...more] = places;
  if (kind === 'outside') return { name: kind, figure, note, loss: more.length > 0 ? `and ${more.length} more` : '' };
  const server = serverOf(status, path);
  const { state, url = '', since } = server;
  const loss = state === 'idle' ? '' : `for ${duration(Date.parse(status.now) - Date.parse(since))}`;
  return { name: nameOf(node), figure: connectionText(server), note: url, loss };
}

/** @type {(block: BlockEntry, sent: number) => Told} */
function blockTold({ responsibility: name, depth, capacity, lost, rejectedRate, state, underWay, ...block }, sent) {
  // one that only passes on what it reads outside handles no messages
  const speed = block.accepted > 0 || sent === 0 ? block.handledRate : sent;
  const figure = state === 'running' ? rate(speed) : STATES[state];
  const side = underWay > 0 ? `${brief(underWay)} under way` : '';
  const troubles = [lost > 0 ? `${brief(lost)} lost` : '', rejectedRate > 0 ? `${rate(rejectedRate)} rejected` : ''];
  const loss = troubles.filter(Boolean).join(', ');
  if (capacity === 0) return { name, figure, side, note: 'no mailbox', loss };
  return { name, figure, side, note: `${brief(depth)} of ${brief(capacity)}`, loss, fill: depth / capacity };
}
