// @ts-check
// Draws the satellite. Nodes are a list of links, which a screen reader reads; arrows are drawn below. What does not fit is a grid.
import { el, keepChildren, setAttribute, setText, svg } from './dom.js';
import { cornerOf, frameOf, lineOf, sizeOf } from './frame.js';
import { graphOf, nameOf, serverOf } from './model.js';
import { FULL, toldOf } from './told.js';
import { markOf } from './verdict.js';
import { rate } from './words.js';
/** @import { BlockEntry, Status } from '../src/admin/status.js' */
/** @import { Frame } from './frame.js' */
/** @import { Arrow, Graph, Node } from './model.js' */

/** The id of a block's row in the table. @param {string} responsibility */
export const rowId = (responsibility) => `block-${responsibility}`;

export class GraphView {
  #place;
  #list = el('ul', 'nodes');
  #drawing = svg('svg', { class: 'arrows', 'aria-hidden': 'true' });
  /** What the frame was made for. */
  #shape = '';
  /** @type {Frame | undefined} */
  #frame;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
    this.#list.setAttribute('role', 'list');
    place.append(this.#drawing, this.#list);
  }

  /**
   * Shows all as a picture; if it does not fit, the blocks that are wanted as a grid.
   * @param {Status} status
   * @param {(block: BlockEntry) => boolean} isWanted
   * @returns {boolean} Whether it is a picture.
   */
  show(status, isWanted) {
    const graph = graphOf(status);
    const frame = this.#frameOf(graph);
    this.#place.className = frame ? 'drawn' : '';
    const nodes = frame ? graph.nodes : graph.nodes.filter(({ block }) => block !== undefined && isWanted(block));
    const update = (/** @type {HTMLElement} */ item, /** @type {Node} */ node) => {
      updateNode(item, node, graph, status);
      const stands = frame?.layers.nodes.get(node.id);
      const [x, y] = frame && stands ? cornerOf(frame, stands) : [];
      Object.assign(item.style, { left: px(x), top: px(y), width: px(frame?.node) });
    };
    keepChildren(this.#list, nodes, ({ id }) => id, makeNode, update);
    const [width, height] = frame ? sizeOf(frame) : [];
    for (const { style } of [this.#list, this.#drawing]) Object.assign(style, { width: px(width), height: px(height) });
    const draw = (/** @type {Element} */ group, /** @type {Arrow} */ arrow) => frame && drawArrow(group, arrow, frame);
    keepChildren(this.#drawing, frame ? graph.arrows : [], ({ id }) => id, makeArrow, draw);
    return frame !== undefined;
  }

  /** Made anew only when something else is to be drawn: what is drawn keeps its place. @param {Graph} graph */
  #frameOf(graph) {
    const width = this.#place.clientWidth;
    const shape = [width, ...graph.nodes, ...graph.arrows].map((part) => (typeof part === 'number' ? part : part.id));
    if (shape.join('\n') !== this.#shape) this.#frame = frameOf(graph, width);
    this.#shape = shape.join('\n');
    return this.#frame;
  }
}

/** @param {number | undefined} number */
const px = (number) => (number === undefined ? '' : `${number}px`);

/** @param {Node} node */
function makeNode({ kind, block }) {
  const inner = el(
    block ? 'a' : 'span',
    'inner',
    el('span', 'name', el('span', 'path'), el('span', 'own')),
    el('span', 'row', el('span', 'figure'), el('span', 'side')),
    el('span', 'fill', el('span')),
    el('span', 'note'),
    el('span', 'loss'),
  );
  if (block) inner.setAttribute('href', `#${encodeURIComponent(rowId(block.responsibility))}`);
  return el('li', `node ${kind}`, inner, el('span', 'flag'), el('span', 'hidden to'));
}

/** @type {(item: HTMLElement, node: Node, graph: Graph, status: Status) => void} */
function updateNode(item, node, graph, status) {
  const { name, figure, side = '', note, loss = '', fill = -1 } = toldOf(node, status);
  const part = (/** @type {string} */ named) => /** @type {HTMLElement} */ (item.querySelector(`.${named}`));
  const end = name.lastIndexOf('/') + 1;
  const names = { path: name.slice(0, end), own: name.slice(end) };
  for (const [named, text] of Object.entries({ ...names, figure, side, note, loss, to: receiversOf(node, graph) }))
    setText(part(named), text);
  item.classList.toggle('plain', fill < 0);
  // an address may be cut off
  if (!node.block) item.title = `${figure} ${note} ${loss}`;
  part('fill').classList.toggle('full', fill >= FULL);
  part('fill > span').style.width = `${Math.min(100, 100 * fill)}%`;
  const [tone, word] = flagOf(node, status);
  setAttribute(item, 'data-tone', tone);
  if (part('flag').textContent !== word) part('flag').replaceChildren(...(tone ? [markOf(tone), word] : []));
}

/** What is wrong with a node, in a word. @type {(node: Node, status: Status) => readonly ['warn' | 'bad' | undefined, string]} */
function flagOf(node, status) {
  const isBottleneck = status.bottleneck !== undefined && status.bottleneck === nameOf(node);
  if (node.kind === 'server' && serverOf(status, node.path).away) return ['bad', isBottleneck ? 'bottleneck' : 'away'];
  return isBottleneck ? ['warn', 'bottleneck'] : [undefined, ''];
}

/** The arrows of a node, for those who do not see them. @type {(node: Node, graph: Graph) => string} */
function receiversOf({ id }, { nodes, arrows }) {
  const receivers = arrows
    .filter(({ from }) => from === id)
    .map(({ to, rate: speed }) => {
      const node = nodes.find((one) => one.id === to);
      return `${node ? nameOf(node) : to}${speed === undefined ? '' : `, ${rate(speed)}`}`;
    });
  return receivers.length === 0 ? '' : `sends to ${receivers.join('; ')}`;
}

const makeArrow = () => svg('g', {}, svg('path', { class: 'line' }), svg('path', { class: 'tip' }), svg('text', {}));

/** @type {(group: Element, arrow: Arrow, frame: Frame) => void} */
function drawArrow(group, arrow, frame) {
  const line = lineOf(frame, arrow);
  const [path, tip, text] = /** @type {SVGElement[]} */ ([...group.children]);
  if (!line || !path || !tip || !text) return;
  const { rate: speed = 0, count } = arrow;
  setAttribute(group, 'class', speed > 0 ? 'flowing' : count === 0 ? 'unused' : 'still');
  setAttribute(path, 'd', line.path);
  setAttribute(tip, 'd', line.tip);
  path.style.strokeWidth = `${1.5 + Math.min(3, 0.7 * Math.log10(1 + speed))}`;
  for (const [at, axis] of ['x', 'y'].entries()) setAttribute(text, axis, `${line.label?.[at]}`);
  setText(text, speed > 0 ? rate(speed) : '');
}
