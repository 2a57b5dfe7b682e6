import { must, type Property } from '../story.js';

export const leftovers: readonly Property[] = [
  {
    rule: 'L6',
    says: 'when it has landed no timer of the framework is set, but for a server that the report says hangs, or a late init',
    check(story) {
      const landed = story.outer('landed')[0]?.index ?? Infinity;
      // An init that came too late may have its finish yet.
      const hangs =
        story.grounded !== undefined ||
        story.report?.unfinished.some(({ block }) => block.responsibility === 'connector');
      const quiet = story.lines.find((line, index) => line.what === 'quiet' && index > landed);
      if (quiet?.what !== 'quiet' || hangs) return 0;
      must(quiet.timers === 0, () => `${quiet.timers} timers are set`);
      return 1;
    },
  },
  {
    rule: 'L6',
    says: 'in the end there is no timer, no handle, no listener, no warning, and no rejection that nobody handled',
    check({ leftovers: { timers, handles, listeners, abortListeners, signalListeners, strays } }) {
      must(timers === 0, () => `${timers} timers of the clock`);
      must(handles === 0, () => `${handles} timers of the process`);
      must(listeners === 0, () => `${listeners} listeners for signals`);
      must(abortListeners === 0, () => `${abortListeners} listeners for the abort of the signal option`);
      must(signalListeners === 0, () => `${signalListeners} listeners for the abort of messages`);
      must(strays.length === 0, () => `strays: ${String(strays[0])}`);
      return 1;
    },
  },
  {
    rule: 'L7',
    says: 'beside another satellite in the process it flies until it lands for a reason of its own',
    check(story) {
      if (story.name !== 'twin') return 0;
      const launched = story.told('launched')[0]?.index ?? Infinity;
      let seen = 0;
      for (const [index, line] of story.lines.entries()) {
        if (line.what !== 'quiet' || index < launched || index > story.landingIndex) continue;
        must(line.status.state === 'flying', () => `line ${index}: it is ${line.status.state}`);
        seen++;
      }
      return seen;
    },
  },
];
