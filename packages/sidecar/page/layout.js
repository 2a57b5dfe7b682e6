// @ts-check
// Where the nodes of a graph stand: in layers, each behind all that send to it. An arrow that passes a layer has a lane in it.
/** @import { Graph } from './model.js' */

/**
 * @typedef {object} Item A node, or a lane.
 * @property {number} layer
 * @property {boolean} isLane
 * @property {number} centre Across the flow.
 *
 * @typedef {object} Layers
 * @property {Item[][]} layers
 * @property {Map<string, Item>} nodes By id.
 * @property {Map<string, Item[]>} paths All that an arrow passes, ends included, by its id. Not of arrows against the flow.
 *
 * @typedef {{ node: number, lane: number, gap: number, room: number }} Sizes Across the flow.
 */

/** @type {(graph: Graph) => Layers} */
export function layersOf({ nodes, arrows }) {
  const order = new Map(nodes.map(({ id }, at) => [id, at]));
  const at = (/** @type {string} */ id) => order.get(id) ?? 0;
  // an arrow against the order pushes nobody back
  const forward = arrows.filter(({ from, to }) => at(from) < at(to)).toSorted((a, b) => at(a.from) - at(b.from));
  const inner = nodes.some(({ end }) => end === 'first') ? 1 : 0;
  const layerOf = new Map(nodes.map(({ id, end }) => [id, end === 'first' ? 0 : inner]));
  const layer = (/** @type {string} */ id) => layerOf.get(id) ?? 0;
  for (const { from, to } of forward) layerOf.set(to, Math.max(layer(to), layer(from) + 1));
  const behind = Math.max(0, ...nodes.map(({ id, end }) => (end === 'last' ? 0 : layer(id) + 1)));
  for (const { id, end } of nodes) if (end === 'last') layerOf.set(id, behind);

  /** @type {Item[][]} */
  const layers = Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => []);
  const add = (/** @type {number} */ layer, /** @type {boolean} */ isLane) => {
    const item = { layer, isLane, centre: 0 };
    layers[layer]?.push(item);
    return item;
  };
  const items = new Map(nodes.map(({ id }) => [id, add(layer(id), false)]));
  const paths = new Map();
  for (const { id, from, to } of forward) {
    const lanes = Array.from({ length: layer(to) - layer(from) - 1 }, (_, n) => add(layer(from) + n + 1, true));
    paths.set(id, [items.get(from), ...lanes, items.get(to)]);
  }
  return { layers, nodes: items, paths };
}

/** Puts each layer level with those before it, then behind it, and again. Says how much room they take. @type {(layers: Layers, sizes: Sizes) => number} */
export function settle({ layers, paths }, sizes) {
  const all = layers.flat();
  for (const layer of layers) spread(layer, sizes);
  for (const step of [-1, 1, -1]) {
    for (const layer of step === 1 ? layers.toReversed() : layers) {
      for (const item of layer) {
        const passing = [...paths.values()].filter((path) => path.includes(item));
        const near = passing.flatMap((path) => path[path.indexOf(item) + step] ?? []);
        if (near.length > 0) item.centre = near.reduce((sum, { centre }) => sum + centre, 0) / near.length;
      }
      if (step === -1) layer.sort((a, b) => a.centre - b.centre);
      spread(layer, sizes);
    }
  }
  const first = Math.min(...all.map((item) => item.centre - sizeOf(item, sizes) / 2));
  for (const item of all) item.centre -= first;
  return Math.max(...all.map((item) => item.centre + sizeOf(item, sizes) / 2));
}

/** @type {(item: Item, sizes: Sizes) => number} */
const sizeOf = ({ isLane }, { node, lane }) => (isLane ? lane : node);

/** Moves the items of a layer apart, each as little as possible (pool adjacent violators). @type {(layer: Item[], sizes: Sizes) => void} */
function spread(layer, sizes) {
  let end = 0;
  /** Neighbours that touch, and where the layer begins as they would have it. @type {{ start: number, items: Item[] }[]} */
  const pools = [];
  /** @type {Map<Item, number>} */
  const offsets = new Map();
  for (const item of layer) {
    const half = sizeOf(item, sizes) / 2;
    offsets.set(item, end + half);
    let pool = { start: item.centre - half - end, items: [item] };
    end += 2 * half + sizes.gap;
    for (let last = pools.at(-1); last && last.start >= pool.start; last = pools.at(-1)) {
      const [a, b] = [last.items.length, pool.items.length];
      pool = { start: (last.start * a + pool.start * b) / (a + b), items: [...last.items, ...pool.items] };
      pools.pop();
    }
    pools.push(pool);
  }
  const most = sizes.room - (end - sizes.gap);
  for (const { start, items } of pools) {
    const kept = most === Infinity ? start : Math.min(most, Math.max(0, start));
    for (const item of items) item.centre = kept + (offsets.get(item) ?? 0);
  }
}
