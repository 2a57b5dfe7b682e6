// @ts-check
// What is told in rows: the landing, the connection, losses, problems, blocks, configuration.
import { byId, el, keepChildren, setText } from './dom.js';
import { rowId } from './graph.js';
import { Table } from './table.js';
import { connectionText, isFull, STATES } from './told.js';
import { count, duration, millis, rate, timeOfDay } from './words.js';
/** @import { BlockEntry, LossPlace, NestedStatus, ProblemLine, ServerTurn, Status } from '../src/admin/status.js' */
/** @import { ConfigurationInForce, KeyInForce } from '../src/folder/in-force.js' */

/** Rows that are alike are told apart by their place, counted from the last. @template T @param {readonly T[]} rows */
const numbered = (rows) => rows.map((row, at) => ({ ...row, number: rows.length - at }));

/** @type {Table<ServerTurn & { number: number }>} */
const turns = new Table(
  byId('turns'),
  ['log', 'History of the connection, newest first', 'Nothing has happened yet.'],
  ({ at, number }) => `turn ${at} ${number}`,
  [
    ['Time', ({ at }) => timeOfDay(at)],
    ['What', ({ what }) => what, ({ what }) => (what === 'connected' ? 'good' : 'bad')],
    ['Reason', ({ text, what }) => (text === what ? '' : text)],
  ],
);

/** @type {Table<LossPlace & { number: number }>} */
const losses = new Table(
  byId('losses'),
  ['log', 'Where messages were lost, and why', 'No message was lost since the start.'],
  ({ block, how, number }) => `loss ${block} ${how} ${number}`,
  [
    ['Block', ({ block }) => block],
    ['How', ({ how }) => how, () => 'bad'],
    ['Count', ({ count: lost }) => count(lost)],
    ['Last reason', ({ text }) => text],
  ],
);

/** @type {Table<NestedStatus>} */
const satellites = new Table(
  byId('satellites'),
  ['numbers', 'Nested satellites, in the order in which they start', 'There are none.'],
  ({ path }) => `satellite ${path}`,
  [
    ['Satellite', ({ path }) => path],
    [
      'State',
      ({ state, instances }) =>
        instances === undefined ? state : `${state}, ${count(instances)} process${instances === 1 ? '' : 'es'}`,
      ({ state }) => ['failed', 'absent', 'incompatible'].includes(state) && 'bad',
    ],
    ['Restarts', ({ restarts }) => count(restarts), ({ restarts }) => restarts > 0 && 'warn'],
    [
      'Its own server',
      ({ server }) => (server ? `${server.url ?? 'server'}: ${server.away ? 'away' : server.state}` : '–'),
      ({ server }) => server?.away === true && 'bad',
    ],
  ],
);

/** @type {Table<ProblemLine & { number: number }>} */
const problems = new Table(
  byId('problems'),
  ['log', 'The last warnings and errors of the log, newest first', 'None since the start.'],
  ({ at, number }) => `problem ${at} ${number}`,
  [
    ['Time', ({ at }) => timeOfDay(at)],
    ['Level', ({ level }) => (level === 'warn' ? 'warning' : level), ({ level }) => (level === 'warn' ? level : 'bad')],
    ['Block', ({ block = '' }) => block],
    ['Event', ({ event = '', code = '' }) => `${event} ${code}`.trim()],
    ['Text', ({ text }) => text],
  ],
);

/** @type {(durations: BlockEntry['wait']) => string} */
const halfAndMost = ({ p50, p99 }) => (p50 === undefined && p99 === undefined ? '–' : `${millis(p50)}, ${millis(p99)}`);

/** @type {Table<BlockEntry>} */
const blocks = new Table(
  byId('blocks'),
  ['numbers', 'All blocks, in the order in which they start', 'It has none.'],
  ({ responsibility }) => rowId(responsibility),
  [
    [
      'Block',
      ({ responsibility, name }) =>
        responsibility === name || responsibility.endsWith(`/${name}`) ? responsibility : `${responsibility} (${name})`,
    ],
    ['State', ({ state }) => STATES[state]],
    [
      'Waiting',
      ({ depth, capacity }) => (capacity === 0 ? '–' : `${count(depth)} of ${count(capacity)}`),
      (block) => isFull(block) && 'warn',
    ],
    ['Under way', ({ underWay }) => count(underWay)],
    ['In', ({ acceptedRate }) => rate(acceptedRate)],
    ['Done', ({ handledRate }) => rate(handledRate)],
    ['Accepted', ({ accepted }) => count(accepted)],
    ['Handled', ({ handled }) => count(handled)],
    ['Refused', ({ rejected }) => count(rejected), ({ rejectedRate }) => rejectedRate > 0 && 'warn'],
    ['Failed', ({ failed }) => count(failed)],
    ['Lost', ({ lost }) => count(lost), ({ lost }) => lost > 0 && 'bad'],
    ['Oldest', ({ oldestMs }) => (oldestMs > 0 ? millis(oldestMs) : '–')],
    ['Waits 50 %, 99 %', ({ wait }) => halfAndMost(wait)],
    ['Handler 50 %, 99 %', ({ handling }) => halfAndMost(handling)],
  ],
);

/** @type {Table<BlockEntry['measured'][number] & { block: string }>} */
const measured = new Table(
  byId('measured'),
  ['log', 'What blocks measure themselves', 'They measure nothing themselves.'],
  ({ block, name, labels }) => `measured ${block} ${name} ${JSON.stringify(labels)}`,
  [
    ['Block', ({ block }) => block],
    ['Of', ({ labels = {} }) => Object.values(labels).join(', ')],
    ['What', ({ help }) => help],
    [
      'Value',
      ({ value }) => (Number.isInteger(value) ? count(value) : value.toFixed(1)),
      ({ type, value }) => type === 'loss' && value > 0 && 'bad',
    ],
  ],
);

/** @type {(status: Status, isWanted: (block: BlockEntry) => boolean) => void} */
export const showBlocks = (status, isWanted) => blocks.show(status.blocks.filter(isWanted));

/** @type {(list: Element, pairs: readonly (readonly [name: string, text: string])[]) => void} */
function showPairs(list, pairs) {
  const make = (/** @type {readonly [string, string]} */ [name]) => el('div', '', el('dt', '', name), el('dd'));
  keepChildren(
    list,
    pairs,
    ([name]) => name,
    make,
    ({ lastChild }, [, text]) => lastChild && setText(lastChild, text),
  );
}

/** @param {Status} status */
export function showSections(status) {
  const { server, lost, problems: lines } = status;
  showLanding(status);
  showServer(status);
  turns.show(numbered(server.history));
  losses.show(numbered(lost.places));
  problems.show(numbered(lines));
  const own = status.blocks.flatMap(({ responsibility: block, measured: all }) =>
    all.map((one) => ({ ...one, block })),
  );
  byId('measures').hidden = own.length === 0;
  measured.show(own);
  byId('nested').hidden = status.satellites.length === 0;
  satellites.show(status.satellites);
}

/** @param {Status} status */
function showLanding({ landing, now, held }) {
  byId('landing').hidden = landing === undefined;
  if (landing === undefined) return;
  const { cause, since, waitsFor, clean, tookMs } = landing;
  const result = clean ? 'clean' : 'not clean';
  showPairs(byId('landing-report'), [
    ['Cause', cause],
    ['Began', timeOfDay(since)],
    ['Took', duration(tookMs ?? Date.parse(now) - Date.parse(since))],
    ['Waits for', waitsFor.join(', ') || '–'],
    ['Messages left', count(held)],
    ['Result', clean === undefined ? 'goes on' : result],
  ]);
}

/** @param {Status} status */
function showServer(status) {
  const { state, url = '–', since, attempts, losses: lost, retryAt } = status.server;
  const text = connectionText(status.server);
  /** @type {[string, string][]} */
  const pairs = [
    ['Server', url],
    ['State', state === 'idle' ? text : `${text} since ${timeOfDay(since)}`],
    ['Next attempt', retryAt ? `in ${duration(Date.parse(retryAt) - Date.parse(status.now))}` : '–'],
    ['Attempts', `${count(attempts)}; lost: ${count(lost)}`],
  ];
  byId('turns').hidden = state === 'none';
  showPairs(byId('server'), state === 'none' ? [['Server', 'This satellite has none.']] : pairs);
}

/** @type {WeakMap<Element, Table<KeyInForce>>} */
const configs = new WeakMap();

/** @param {{ readonly configurations: readonly ConfigurationInForce[] }} config */
export function showConfig({ configurations }) {
  const update = (/** @type {Element} */ details, /** @type {ConfigurationInForce} */ { keys }) =>
    configs.get(details)?.show(keys);
  keepChildren(byId('config'), configurations, ({ name }) => name, makeConfig, update);
}

/** @param {ConfigurationInForce} configuration */
function makeConfig({ name }) {
  const details = el('details', '', el('summary', '', el('h3', '', name)));
  /** @type {Table<KeyInForce>} */
  const table = new Table(
    details,
    ['keys', `Configuration of ${name}`, 'It has no keys.'],
    ({ path }) => `key ${name} ${path}`,
    [
      ['Key', ({ path }) => path],
      ['Value', ({ value }) => (typeof value === 'string' ? value : JSON.stringify(value))],
      ['From', ({ source }) => source],
    ],
  );
  configs.set(details, table);
  return details;
}
