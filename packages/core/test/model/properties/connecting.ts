import { SERVER } from '../server.js';
import { codeOf, must, notAfter, same, type Property, type Story, type Told } from '../story.js';
import type { Call } from '../trace.js';

/** The attempts to connect, in order. */
function attempts(story: Story): readonly Call[] {
  return story.callsOf(SERVER, 'connect');
}

/** When an attempt is over, or never. */
function endOf(call: Call): number {
  return call.ended?.at ?? Infinity;
}

function attemptOf<T extends 'connecting' | 'connected' | 'connectFailed' | 'connectOverdue'>(
  story: Story,
  type: T,
  attempt: number,
): Told<T> | undefined {
  return story.told(type).find(({ event }) => (event as { attempt: number }).attempt === attempt);
}

/** Bounds of the wait after so many failures in a row: exponential, the upper half of it at random. */
function backOff(failures: number): { least: number; most: number } {
  const most = Math.min(10_000, 100 * 1.25 ** (failures - 1));
  return { least: most / 2, most };
}

export const connecting: readonly Property[] = [
  {
    rule: 'S1',
    says: 'the first connect happens at launch, at once, and none before',
    check(story) {
      const launching = story.told('launching')[0];
      const [first] = story.told('connecting');
      must(!first || (launching !== undefined && first.index > launching.index), () => 'it connects before launch');
      const launched = story.told('launched')[0];
      if (!launched || !story.plan.server || story.stopIndex < launched.index) return 0;
      const at = launched.at;
      must(first !== undefined && first.event.attempt === 1 && same(first.at, at), () => `first at ${first?.at}`);
      const [call] = attempts(story);
      must(call !== undefined && same(call.enteredAt, at), () => `connect is called at ${call?.enteredAt}, not ${at}`);
      return 1;
    },
  },
  {
    rule: 'S2',
    says: 'attempts never overlap, and each is announced',
    check(story) {
      const all = attempts(story);
      for (const [place, call] of all.entries()) {
        const before = all[place - 1];
        const ended = before?.ended?.index ?? Infinity;
        must(!before || ended < call.entered, () => `attempt ${place + 1} begins before the one before has ended`);
        const told = attemptOf(story, 'connecting', place + 1);
        must(told !== undefined && told.index < call.entered, () => `attempt ${place + 1} is not announced`);
      }
      return all.length;
    },
  },
  {
    rule: 'S2',
    says: 'an attempt is told to give up at its deadline, which is told, or when intake stops, and never otherwise',
    check(story) {
      let seen = 0;
      const landingAt = story.stop?.at ?? Infinity;
      for (const [place, call] of attempts(story).entries()) {
        const attempt = place + 1;
        const told = story.lines.filter((line) => line.what === 'told to give up' && line.attempt === attempt);
        const deadline = call.enteredAt + story.plan.timeouts.connectMs;
        const due = Math.min(deadline, landingAt);
        const overdue = attemptOf(story, 'connectOverdue', attempt);
        if (same(due, endOf(call)) || same(deadline, landingAt)) continue;
        const expected = due < endOf(call) ? 1 : 0;
        must(told.length === expected, () => `attempt ${attempt} is told ${told.length} times to give up`);
        for (const { at } of told)
          must(same(at, due), () => `attempt ${attempt} is told to give up at ${at}, not ${due}`);
        const late = expected === 1 && deadline < landingAt;
        must(Boolean(overdue) === late, () => `attempt ${attempt} is ${late ? 'overdue' : 'not overdue'}`);
        seen += expected;
      }
      return seen;
    },
  },
  {
    rule: 'S2',
    says: 'an attempt that failed is told with its error, one that succeeded as connected, both at once',
    check(story) {
      let seen = 0;
      for (const [place, { ended, enteredAt }] of attempts(story).entries()) {
        if (!ended || ended.index > story.stopIndex) continue;
        const attempt = place + 1;
        const type = ended.threw ? 'connectFailed' : 'connected';
        const told = attemptOf(story, type, attempt);
        if (!told && story.stop && same(story.stop.at, ended.at)) continue;
        must(
          told !== undefined && same(told.at, ended.at),
          () => `attempt ${attempt} ended at ${ended.at}; ${type} at ${told?.at}`,
        );
        const error = told?.event.type === 'connectFailed' ? told.event.error : ended.value;
        const deadline = enteredAt + story.plan.timeouts.connectMs;
        const late = codeOf(error) === 'TIMEOUT' && notAfter(deadline, ended.at);
        must(
          !ended.threw || error === ended.value || late,
          () => `attempt ${attempt} failed otherwise: ${String(error)}`,
        );
        if (!same(deadline, ended.at))
          must(late === (ended.threw && deadline < ended.at), () => `attempt ${attempt} is late: ${late}`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'S2',
    says: 'it connects again for ever: after an exponential wait with jitter, at once after a connection that lasted',
    check(story) {
      if (story.told('connecting').length === 0) return 0;
      let failures = 0;
      let connectedAt = 0;
      let seen = 0;
      const landingAt = story.stop?.at ?? Infinity;
      const next = (index: number): Told<'connecting'> | undefined =>
        story.told('connecting').find((told) => told.index > index);
      for (const [index, line] of story.lines.entries()) {
        if (line.what !== 'event' || index > story.stopIndex) continue;
        const { event, at } = line;
        if (event.type === 'connected') connectedAt = at;
        if (event.type !== 'connectFailed' && event.type !== 'disconnected') continue;
        const lasted =
          event.type === 'disconnected' && notAfter(connectedAt + Math.min(500, story.plan.timeouts.heartbeatMs), at);
        failures = lasted ? 0 : failures + 1;
        const { least, most } = lasted ? { least: 0, most: 0 } : backOff(failures);
        const waits = (next(index)?.at ?? Infinity) - at;
        if (event.type === 'connectFailed' && event.retryInMs !== undefined) {
          const { retryInMs } = event;
          must(
            same(waits, retryInMs) || notAfter(landingAt, at + retryInMs),
            () => `it waits ${waits} ms, not ${retryInMs}`,
          );
        }
        const inTime = notAfter(least, waits) && notAfter(waits, most);
        must(inTime || notAfter(landingAt, at + most), () => `it waits ${waits} ms after ${failures} failures`);
        seen++;
      }
      return seen;
    },
  },
  {
    rule: 'S2',
    says: 'waits are at random, so that satellites do not return all at once',
    check(story) {
      // Each failure in a row lengthens the wait, unless a connection was there meanwhile.
      if (story.told('connected').length > 0) return 0;
      const waits = story.told('connectFailed').flatMap(({ event }) => event.retryInMs ?? []);
      const shares = waits.map((ms, place) => ms / backOff(place + 1).most);
      must(new Set(shares).size === shares.length, () => `shares of the full wait: ${shares.join(', ')}`);
      return Math.max(0, shares.length - 1);
    },
  },
  {
    rule: 'S6',
    says: 'from the start of the landing, or from a quiesce on, no attempt and no heartbeat begins',
    check(story) {
      if (!story.stop) return 0;
      for (const { callback, entered } of story.callsOf(SERVER)) {
        must(entered < story.stopIndex || callback === 'disconnect', () => `${callback} is called during landing`);
      }
      for (const { index } of story.told('connecting')) must(index < story.stopIndex, () => 'an attempt is announced');
      return story.plan.server ? 1 : 0;
    },
  },
  {
    rule: 'S5',
    says: 'disconnect is called exactly once if a connect ever succeeded, be it late; otherwise never',
    check(story) {
      const successes = attempts(story).filter(({ ended }) => ended?.threw === false);
      const calls = story.callsOf(SERVER, 'disconnect');
      const expected = successes.length > 0 ? 1 : 0;
      must(calls.length === expected, () => `${successes.length} connections, ${calls.length} times disconnected`);
      return expected;
    },
  },
  {
    rule: 'S5',
    says: 'disconnect comes after every application block has finished',
    check(story) {
      const [call] = story.callsOf(SERVER, 'disconnect');
      if (!call) return 0;
      const finished = story
        .told('finished')
        .filter(({ event }) => !['connector', 'finisher'].includes(event.block.responsibility));
      must(finished.length === story.plan.blocks.length, () => 'application blocks were never finished');
      for (const { event, index } of finished) {
        must(index < call.entered, () => `${event.block.responsibility} finished after the server was disconnected`);
      }
      return 1;
    },
  },
];
