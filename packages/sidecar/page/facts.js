// @ts-check
// The figures that matter first. Those that can get worse have a trace of the last two minutes beside them.
import { byId, el, keepChildren, setAttribute, setText, svg } from './dom.js';
import { deliveredRate } from './model.js';
import { count, millis, rate } from './words.js';
/** @import { Status } from '../src/admin/status.js' */

const MOST_SAMPLES = 240;
/** Fewer show nothing. */
const LEAST_SAMPLES = 30;
/** Of a trace, in its own units. */
const HEIGHT = 24;

/** @typedef {readonly [name: string, value: string, note: string, isBad?: boolean, sample?: number]} Fact */

/** @param {Status} status */
export function showFacts(status) {
  keepChildren(byId('facts'), factsOf(status), ([name]) => name, makeFact, updateFact);
}

/** @type {(status: Status) => readonly Fact[]} */
function factsOf(status) {
  const { lost, held, oldestMs, ready, process, blocks, server } = status;
  const isLate = ready.checks.some(({ name, ok }) => name === 'delivery' && !ok);
  const rejected = blocks.reduce((sum, block) => sum + block.rejected, 0);
  const delivered = deliveredRate(status);
  const megabytes = (/** @type {number} */ bytes) => `${count(bytes / 1e6)} MB`;
  return [
    ['Lost', count(lost.total), rejected > 0 ? `${count(rejected)} rejected` : 'since the start', lost.total > 0],
    ['Waiting', count(held), 'not delivered yet', false, held],
    ['Oldest', held > 0 ? millis(oldestMs) : '–', 'of those that wait', isLate, held > 0 ? oldestMs : 0],
    ['Delivered', rate(delivered), server.state === 'none' ? 'by the last blocks' : 'to the server', false, delivered],
    ['Event loop late', millis(process.loop.p99Ms), `busy ${Math.round(process.loop.utilization * 100)} %`],
    ['Memory', megabytes(process.rssBytes), `heap ${megabytes(process.heapUsedBytes)}`],
  ];
}

/** @param {Fact} fact */
function makeFact([name, , , , sample]) {
  const shape = { viewBox: `0 0 ${MOST_SAMPLES} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' };
  const trace = sample === undefined ? [] : [svg('svg', shape, svg('polyline', {}))];
  return el('div', '', el('dt', '', name), el('dd', 'value'), el('dd', 'quiet'), ...trace);
}

/** @type {WeakMap<Element, number[]>} */
const traces = new WeakMap();

/** @type {(place: Element, fact: Fact) => void} */
function updateFact(place, [, value, note, isBad, sample]) {
  const [, shown, more, trace] = place.children;
  if (!shown || !more) return;
  setText(shown, value);
  setAttribute(shown, 'data-tone', isBad ? 'bad' : undefined);
  setText(more, note);
  if (!trace || sample === undefined) return;
  const samples = [...(traces.get(place) ?? []), sample].slice(-MOST_SAMPLES);
  traces.set(place, samples);
  const most = Math.max(...samples, Number.MIN_VALUE);
  if (samples.length < LEAST_SAMPLES) return;
  const points = samples.map((one, at) => `${MOST_SAMPLES - samples.length + at},${HEIGHT - (one / most) * HEIGHT}`);
  trace.firstElementChild?.setAttribute('points', points.join(' '));
}
