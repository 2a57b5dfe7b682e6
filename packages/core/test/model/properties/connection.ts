import { SERVER } from '../server.js';
import { must, notAfter, same, type Property, type Story, type Told } from '../story.js';
import type { Call } from '../trace.js';

/** From `connected` to `disconnected`, or to the end. */
interface Link {
  readonly from: Told<'connected'>;
  readonly to: Told<'disconnected'> | undefined;
  /** The attempt and what it gave. */
  readonly call: Call | undefined;
}

function linksOf(story: Story): readonly Link[] {
  const ends = story.told('disconnected');
  const calls = story.callsOf(SERVER, 'connect');
  return story
    .told('connected')
    .map((from) => ({ from, to: ends.find(({ index }) => index > from.index), call: calls[from.event.attempt - 1] }));
}

/** When a link has to be given up as lost: reported, or found by a heartbeat. Says also where a heartbeat is missing. */
function lossOf(
  story: Story,
  { from, call }: Link,
  until: number,
): { lost: number | undefined; missing: number | undefined } {
  const { heartbeatMs } = story.plan.timeouts;
  const attempt = from.event.attempt;
  const reports = story.lines.filter(
    (line, index) => line.what === 'lost' && line.attempt === attempt && index > (call?.entered ?? 0),
  );
  const reported = Math.max(from.at, reports[0]?.at ?? Infinity);
  const beats = story.callsOf(SERVER, 'isConnected');
  for (let at = from.at; ;) {
    const due = at + heartbeatMs;
    if (same(until, due)) return { lost: Math.min(reported, until), missing: undefined };
    if (notAfter(Math.min(reported, until), due)) return { lost: reported, missing: undefined };
    const old = beats.find(
      ({ enteredAt, ended }) => enteredAt < due && (ended?.at ?? Infinity) > due && !same(ended?.at ?? Infinity, due),
    );
    const beat = old ?? beats.find(({ enteredAt }) => same(enteredAt, due));
    if (!beat) return { lost: reported, missing: due };
    const answered = beat.ended?.at ?? Infinity;
    const late = due + heartbeatMs;
    // The answer came just as time was up: either will do.
    if (same(late, answered)) return { lost: undefined, missing: undefined };
    if (notAfter(late, answered)) return { lost: Math.min(late, reported), missing: undefined };
    // The answer to a heartbeat of an earlier connection says nothing of this one.
    const alive = beat === old || (beat.ended?.threw === false && beat.ended.value === true);
    if (!alive) return { lost: Math.min(answered, reported), missing: undefined };
    at = answered;
  }
}

/** Calls by which a block is told of the server. */
function tellings(story: Story, block: string): readonly Call[] {
  return story
    .callsOf(block)
    .filter(({ callback }) => callback === 'onServerConnect' || callback === 'onServerDisconnect');
}

export const connection: readonly Property[] = [
  {
    rule: 'S3',
    says: 'a connection is lost when it is reported lost or a heartbeat says no, fails or is late: at once, and only then',
    check(story) {
      const landingAt = story.stop?.at ?? Infinity;
      const links = linksOf(story);
      for (const link of links) {
        const { lost, missing } = lossOf(story, link, landingAt);
        const attempt = link.from.event.attempt;
        must(missing === undefined, () => `connection ${attempt} has no heartbeat at ${missing}`);
        const at = link.to?.at ?? Infinity;
        if (lost === undefined || same(lost, landingAt)) continue;
        const expected = lost < landingAt ? lost : Infinity;
        must(same(at, expected) || at === expected, () => `connection ${attempt} is lost at ${at}, not ${expected}`);
      }
      return links.length;
    },
  },
  {
    rule: 'S3',
    says: 'there are never two heartbeats at once, and none without a connection',
    check(story) {
      const beats = story.callsOf(SERVER, 'isConnected');
      const links = linksOf(story);
      for (const [place, beat] of beats.entries()) {
        const before = beats[place - 1];
        must(!before || (before.ended?.index ?? Infinity) < beat.entered, () => `two heartbeats at ${beat.enteredAt}`);
        const link = links.find(({ from, to }) => from.index < beat.entered && beat.entered < (to?.index ?? Infinity));
        must(link !== undefined, () => `a heartbeat without a connection at ${beat.enteredAt}`);
      }
      return beats.length;
    },
  },
  {
    rule: 'S4',
    says: 'each block sees connect and disconnect strictly alternating',
    check(story) {
      let seen = 0;
      for (const [block, { onServerConnect, onServerDisconnect }] of story.watched) {
        if (!onServerConnect || !onServerDisconnect) continue;
        for (const [place, { callback, enteredAt }] of tellings(story, block).entries()) {
          const expected = place % 2 === 0 ? 'onServerConnect' : 'onServerDisconnect';
          must(callback === expected, () => `${block} gets ${callback} at ${enteredAt}`);
          seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'S4',
    says: 'a block sees connections in order, each as connect gave it, while that was the present one or about to be told as dead',
    check(story) {
      const values = linksOf(story).map(({ call }) => call?.ended?.value);
      let seen = 0;
      for (const block of story.watched.keys()) {
        let last = -1;
        for (const { argument } of story.callsOf(block, 'onServerConnect')) {
          const place = values.indexOf(argument);
          must(place > last, () => `${block} gets connection ${String(argument)} after ${String(values[last])}`);
          last = place;
          seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'S4',
    says: 'a block that is not busy with an earlier change knows the present state of the connection',
    check(story) {
      let seen = 0;
      const links = linksOf(story);
      if (links.length === 0) return 0;
      for (const [block, { onServerConnect, onServerDisconnect }] of story.watched) {
        if (!onServerConnect || !onServerDisconnect) continue;
        const finishing = story.stage('finishing', block)?.index ?? Infinity;
        const told = tellings(story, block);
        for (const [index, line] of story.lines.entries()) {
          if (line.what !== 'quiet' || index > finishing || !story.flown) continue;
          const past = told.filter(({ entered }) => entered < index);
          if (past.some(({ ended }) => (ended?.index ?? Infinity) > index)) continue;
          const link = links.findLast(({ from }) => from.index < index);
          const up = link !== undefined && (link.to?.index ?? Infinity) > index;
          const last = past.at(-1);
          const knows = up ? last?.argument === link.call?.ended?.value : last?.callback !== 'onServerConnect';
          must(knows, () => `line ${index}: ${block} does not know that the server is ${up ? 'there' : 'away'}`);
          seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'S5',
    says: 'no onServerDisconnect but for a loss, of which landing is none',
    check(story) {
      for (const { index } of story.told('disconnected'))
        must(index < story.stopIndex, () => 'landing counts as a loss');
      let seen = 0;
      for (const block of story.watched.keys()) {
        for (const [place, { entered, enteredAt }] of story.callsOf(block, 'onServerDisconnect').entries()) {
          const losses = story.told('disconnected').filter(({ index }) => index < entered);
          must(losses.length > place, () => `${block} hears of a disconnect at ${enteredAt} that was none`);
          seen++;
        }
      }
      return seen;
    },
  },
];
