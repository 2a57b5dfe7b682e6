// @ts-check
// Mission control: asks the satellite how it is, and shows it.
import { byId, el, keepChildren, setText } from './dom.js';
import { showFacts } from './facts.js';
import { GraphView } from './graph.js';
import { showBlocks, showConfig, showSections } from './sections.js';
import { Source } from './source.js';
import { isTroubled } from './told.js';
import { markOf, verdictOf } from './verdict.js';
import { count, duration, timeOfDay } from './words.js';
/** @import { BlockEntry, Status } from '../src/admin/status.js' */
/** @import { Verdict } from './verdict.js' */

/** The configuration is asked for again. */
const CONFIG_MS = 30_000;
/** A state that has lasted so long is said aloud. */
const SAY_MS = 2_000;

const root = document.documentElement;
const graph = new GraphView(byId('graph'));
const filter = /** @type {HTMLInputElement} */ (byId('filter'));
const troubled = /** @type {HTMLInputElement} */ (byId('troubled'));
const all = /** @type {HTMLDetailsElement} */ (byId('all'));
const token = /** @type {HTMLInputElement} */ (byId('token'));
const source = new Source({ answered, silent, refused, landed });
/** What it said last. @type {Status | undefined} */
let last;
/** Of a satellite that has landed. @type {{ readonly text: string, readonly clean?: boolean } | undefined} */
let report;
let configAt = -Infinity;

/** @param {Status} status */
function answered(status) {
  const isFirst = last === undefined;
  last = status;
  // another process has begun
  if (status.landing === undefined) report = undefined;
  root.classList.remove('silent');
  byId('entry').hidden = true;
  byId('main').hidden = false;
  showVerdict(verdictOf(status), status.summary);
  setText(byId('name'), status.satellite.name);
  setText(byId('live'), `Live, ${timeOfDay(status.now)}`);
  showChecks(status);
  showFacts(status);
  showFlow(status, isFirst);
  showSections(status);
  showFoot(status);
  if (performance.now() - configAt > CONFIG_MS) void askForConfig();
}

/** @param {number} since */
function silent(since) {
  root.classList.add('silent');
  const long = duration(Date.now() - since);
  const text = report
    ? `It has ${report.text}. It ended ${long} ago.`
    : `It has not answered for ${long}. ${last ? `Before: ${last.summary}` : ''}`;
  const tone = report?.clean === false || !last?.landing ? 'bad' : 'gone';
  showVerdict([tone, last?.landing ? 'Ended' : 'No answer'], text);
  setText(byId('live'), `No answer since ${timeOfDay(since)}`);
  configAt = -Infinity;
}

/** @param {{ readonly text: string, readonly clean?: boolean }} told */
function landed(told) {
  report = told;
  setText(byId('landing-report').lastElementChild?.lastChild ?? byId('landing'), told.text);
}

/** @param {string} why */
function refused(why) {
  byId('entry').hidden = false;
  byId('main').hidden = true;
  byId('checks').replaceChildren();
  setText(byId('refusal'), why);
  setText(byId('live'), '');
  showVerdict(['gone', 'Locked'], 'The satellite shows its state only to those who have its token.');
  token.focus();
}

let shown = '';
let saying = 0;
/** The height that the sentence has had in this state: it does not shrink while numbers change. */
let tallest = 0;

/** @type {(verdict: Verdict, text: string) => void} */
function showVerdict([tone, word], said) {
  // a number stays with what it counts
  const text = said.replace(/(\d) (?=(?:s|min|h|d|lost)\b)/g, '$1\u00a0');
  const sentence = byId('sentence');
  setText(sentence, text);
  if (shown !== word) {
    tallest = 0;
    root.dataset['tone'] = tone;
    byId('mark').replaceChildren(markOf(tone));
    setText(byId('word'), word);
    document.title = `${word} · ${last?.satellite.name ?? 'Mission control'}`;
    // a screen reader hears of a state that stays, once
    clearTimeout(saying);
    if (shown !== '') saying = setTimeout(() => setText(byId('said'), `${word}. ${text}`), SAY_MS);
    shown = word;
    sentence.style.minHeight = '';
  }
  if (sentence.offsetHeight > tallest) {
    tallest = sentence.offsetHeight;
    sentence.style.minHeight = `${tallest}px`;
  }
}

/** @param {Status} status */
function showChecks({ ready, alive, satellite }) {
  // what is not yet, or no longer, is not bad
  const other = satellite.state === 'flying' ? 'bad' : 'calm';
  const make = (/** @type {{ readonly ok: boolean }} */ { ok }) =>
    el('li', '', markOf(ok ? 'good' : other), el('span'));
  keepChildren(
    byId('checks'),
    // several may have one name: of each server one
    [...alive.checks, ...ready.checks].map((one, at) => ({ ...one, at })),
    ({ at, name, ok }) => `${at} ${name} ${ok || other}`,
    make,
    (item, { text }) => item.lastChild && setText(item.lastChild, text),
  );
}

/** @param {BlockEntry} block */
function isWanted(block) {
  const wanted = filter.value.trim().toLowerCase();
  return (!troubled.checked || isTroubled(block)) && block.responsibility.toLowerCase().includes(wanted);
}

/** @type {(status: Status, isFirst: boolean) => void} */
function showFlow(status, isFirst) {
  const isDrawn = graph.show(status, isWanted);
  byId('filters').hidden = isDrawn;
  const wanted = isDrawn ? () => true : isWanted;
  const found = status.blocks.filter(wanted).length;
  setText(byId('found'), `${count(found)} of ${count(status.blocks.length)} blocks`);
  if (isFirst) all.open = isDrawn;
  if (all.open) showBlocks(status, wanted);
}

/** @param {Status} status */
function showFoot({ satellite: { pid, sputnik, node, logLevel }, process: { cpuSeconds } }) {
  const level = logLevel === undefined ? '' : ` · log level ${logLevel}`;
  const text = `Sputnik ${sputnik} · Node ${node} · process ${pid}${level} · ${duration(cpuSeconds * 1000)} of CPU time`;
  setText(byId('foot'), text);
}

async function askForConfig() {
  configAt = performance.now();
  const config = await source.get('config').catch(() => undefined);
  if (config !== undefined) showConfig(/** @type {Parameters<typeof showConfig>[0]} */ (config));
}

/** Shows again what it said last, after the person has asked for something else. */
const again = () => last && showFlow(last, false);

filter.addEventListener('input', again);
troubled.addEventListener('change', again);
all.addEventListener('toggle', again);
addEventListener('resize', () => {
  tallest = 0;
  byId('sentence').style.minHeight = '';
  again();
});
// the row of a block may be folded away
byId('graph').addEventListener('click', () => {
  all.open = true;
  again();
});
byId('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  source.unlock(token.value.trim());
  token.value = '';
});
void source.ask();
