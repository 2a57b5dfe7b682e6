// @ts-check
// How large the picture is, which way it flows, and where its lines run. Two numbers are a point: along the flow, and across it.
import { layersOf, settle } from './layout.js';
/** @import { Item, Layers } from './layout.js' */
/** @import { Arrow, Graph } from './model.js' */

const NODE = { height: 112, most: 208, least: 150 };
const GAP = { most: 72, least: 56, standing: 46, across: 26, beside: 12 };
const LANE = 18;
/** So many nodes are a picture; more are a grid. */
const MOST_DRAWN = 40;
const TIP = 8;
/** How far beside the others an arrow against the flow runs. */
const ASIDE = 16;
/** How far above its line a label stands. */
const ABOVE = 12;

/**
 * @typedef {object} Frame
 * @property {boolean} isLying From left to right; else from top to bottom.
 * @property {number} node The width of a node.
 * @property {number} gap From layer to layer.
 * @property {number} across How much room all takes across the flow.
 * @property {Layers} layers
 */

/** Lying where there is room, else standing; undefined where there is not enough. @type {(graph: Graph, width: number) => Frame | undefined} */
export function frameOf(graph, width) {
  if (graph.nodes.length > MOST_DRAWN || width === 0) return undefined;
  const layers = layersOf(graph);
  const many = layers.layers.length;
  const gap = Math.min(GAP.most, Math.max(GAP.least, (width - many * NODE.least) / (many - 1)));
  const lying = Math.floor(Math.min(NODE.most, (width - (many - 1) * gap) / many));
  if (lying >= NODE.least) {
    const across = settle(layers, { node: NODE.height, lane: LANE, gap: GAP.across, room: Infinity });
    return { isLying: true, node: lying, gap, across, layers };
  }
  const rooms = layers.layers.map((layer) => {
    const lanes = layer.filter(({ isLane }) => isLane).length;
    return (width - lanes * LANE - (layer.length - 1) * GAP.beside) / (layer.length - lanes);
  });
  const node = Math.floor(Math.min(NODE.most, ...rooms));
  if (node < NODE.least) return undefined;
  const across = settle(layers, { node, lane: LANE, gap: GAP.beside, room: width });
  return { isLying: false, node, gap: GAP.standing, across, layers };
}

/** How far a node reaches along the flow. @param {Frame} frame */
const depthOf = ({ isLying, node }) => (isLying ? node : NODE.height);

/** Where an item begins along the flow. @type {(frame: Frame, item: Item) => number} */
const startOf = (frame, { layer }) => layer * (depthOf(frame) + frame.gap);

/** @type {(frame: Frame, along: number, across: number) => readonly [x: number, y: number]} */
const pointOf = ({ isLying }, along, across) => (isLying ? [along, across] : [across, along]);

/** @param {Frame} frame */
export const sizeOf = (frame) =>
  pointOf(frame, (depthOf(frame) + frame.gap) * frame.layers.layers.length - frame.gap, frame.across);

/** The upper left corner of a node. @type {(frame: Frame, item: Item) => readonly [x: number, y: number]} */
export const cornerOf = (frame, item) =>
  pointOf(frame, startOf(frame, item), Math.round(item.centre - (frame.isLying ? NODE.height : frame.node) / 2));

/**
 * From node to node, straight through each lane. One against the flow leaves and enters on the other sides.
 * @param {Frame} frame
 * @param {Arrow} arrow
 */
export function lineOf(frame, { id, from, to }) {
  const { nodes, paths } = frame.layers;
  const depth = depthOf(frame);
  const forward = paths.get(id);
  const [start, ...stops] = forward ?? [nodes.get(from), nodes.get(to)];
  const end = stops.at(-1);
  if (!start || !end) return undefined;
  const [into, out, tip, aside] = forward ? [0, depth, TIP, 0] : [depth, 0, -TIP, ASIDE];
  const text = (/** @type {number} */ along, /** @type {number} */ across) =>
    pointOf(frame, along, across + aside).join(' ');
  let [along, across] = [startOf(frame, start) + out, start.centre];
  /** @type {readonly [x: number, y: number] | undefined} */
  let label;
  let path = `M${text(along, across)}`;
  for (const stop of stops) {
    if (!stop) continue;
    const next = startOf(frame, stop) + into - (stop === end ? tip : 0);
    const middle = (along + next) / 2;
    // on a line that lies, a number would seem to have a minus
    const above = frame.isLying && across === stop.centre ? (forward ? ABOVE : -ABOVE) : 0;
    label ??= pointOf(frame, middle, (across + stop.centre) / 2 + aside - above);
    path += `C${text(middle, across)} ${text(middle, stop.centre)} ${text(next, stop.centre)}`;
    [along, across] = [startOf(frame, stop) + out, stop.centre];
    if (stop !== end) path += `L${text(along, across)}`;
  }
  const base = startOf(frame, end) + into - tip;
  const wings = [text(base, end.centre - 5), text(base + tip, end.centre), text(base, end.centre + 5)];
  return { path, tip: `M${wings.join('L')}z`, label };
}
