import { makeFaulty } from '../faults.js';
import { broken, codeOf, must, same, type Property, type Story } from '../story.js';

/** These blocks, and no others, got `finish(true)` once each, in reverse order. */
function mustRollBack(story: Story, ready: readonly string[]): number {
  const expected = ready.filter((block) => story.watched.has(block)).toReversed();
  const finishes = story.calls.filter(({ callback }) => callback === 'finish');
  const late = story.grounded;
  const order = finishes.filter(({ block }) => block !== late).map(({ block }) => block);
  must(order.join() === expected.join(), () => `finished were ${order.join()}, not ${expected.join()}`);
  for (const { block, argument } of finishes) must(argument === true, () => `${block} got finish(${String(argument)})`);
  return expected.length;
}

export const boot: readonly Property[] = [
  {
    rule: 'B1',
    says: 'finisher, connector, application blocks as listed are initialised in this order, one at a time',
    check(story) {
      const begun = story.told('initializing');
      const done = story.told('initialized');
      for (const [place, { event, index }] of begun.entries()) {
        const block = event.block.responsibility;
        must(block === story.crew[place], () => `${block} is initialised instead of ${story.crew[place]}`);
        const [call, another] = story.callsOf(block, 'init');
        must(!another, () => `${block} is initialised twice`);
        must(Boolean(call) === story.watched.has(block), () => `init of ${block} is not called`);
        must(!call || call.entered > index, () => `init of ${block} is called before it is announced`);
        const end = done[place];
        if (!end) {
          must(place === begun.length - 1, () => `another init follows though ${block} is not ready`);
          continue;
        }
        must(end.event.block.responsibility === block, () => `${block} is not the one that is ready`);
        must(!call || (call.ended?.index ?? Infinity) < end.index, () => `${block} is said to be ready before it is`);
        must(end.index < (begun[place + 1]?.index ?? Infinity), () => `the next init begins before ${block} is ready`);
      }
      return begun.length;
    },
  },
  {
    rule: 'B2',
    says: 'a setup with problems is refused with every problem named, and nothing is initialised',
    check(story) {
      const { faults } = story.plan;
      must((codeOf(story.refusal) === 'BAD_SETUP') === faults.length > 0, () => `prepare: ${String(story.refusal)}`);
      if (faults.length === 0) return 0;
      for (const { problem } of faults.map(makeFaulty)) {
        const named = story.refusal?.problems.some((text) => problem.test(text));
        must(named === true, () => `${problem.source} is not named: ${String(story.refusal)}`);
      }
      must(story.calls.length === 0, () => `${story.calls[0]?.block} was called all the same`);
      must(!story.lines.some(({ what }) => what === 'event'), () => 'there was an event all the same');
      return faults.length;
    },
  },
  {
    rule: 'B2',
    says: 'all blocks are made before any is initialised, and descriptors are frozen',
    check(story) {
      if (story.plan.faults.length > 0) return 0;
      const first = story.told('initializing')[0]?.index ?? Infinity;
      let made = 0;
      for (const [index, line] of story.lines.entries()) {
        if (line.what !== 'make') continue;
        must(index < first, () => `${line.block} is made after the first init`);
        must(line.frozen, () => `the descriptor of ${line.block} is not frozen`);
        made++;
      }
      must(made === story.watched.size, () => `${made} blocks are made, not ${story.watched.size}`);
      return made;
    },
  },
  {
    rule: 'B3',
    says: 'prepare rejects with the block whose init failed or was late, and with the original error as cause',
    check(story) {
      const { grounded, refusal, landing, plan } = story;
      if (grounded === undefined) return 0;
      const init = story.callsOf(grounded, 'init')[0] ?? broken(`${grounded} had no init`);
      const failure = story.told('failed').find(({ event }) => event.callback === 'init');
      if (!failure) return 0;
      must(
        refusal?.block?.responsibility === grounded && refusal.callback === 'init',
        () => `names ${String(refusal)}`,
      );
      const inTime = init.ended && init.ended.index < failure.index;
      if (inTime) must(refusal?.cause === init.ended?.value, () => `the cause is ${String(refusal?.cause)}`);
      else {
        must(codeOf(refusal?.cause) === 'TIMEOUT', () => `the cause is ${String(refusal?.cause)}`);
        must(same(failure.at, init.enteredAt + plan.timeouts.initMs), () => `the deadline passed at ${failure.at}`);
      }
      const itself = landing?.event.cause.reason === failure.event.error;
      must(codeOf(refusal) === (itself ? 'INIT_FAILED' : 'ABORTED'), () => `the code is ${codeOf(refusal)}`);
      return 1;
    },
  },
  {
    rule: 'B3',
    says: 'when an init fails, the blocks before it get finish(true) in reverse order, those after it nothing',
    check(story) {
      const { grounded, crew } = story;
      if (grounded === undefined) return 0;
      const place = crew.indexOf(grounded);
      for (const block of crew.slice(place + 1)) must(!story.callsOf(block).length, () => `${block} was called`);
      must(story.outer('prepared').length === 0, () => 'prepare resolved all the same');
      return 1 + mustRollBack(story, crew.slice(0, place));
    },
  },
  {
    rule: 'B3',
    says: 'a block whose init failed gets no finish, unless its init succeeds late: then once; its signal aborts',
    check(story) {
      const { grounded } = story;
      if (grounded === undefined) return 0;
      const init = story.callsOf(grounded, 'init')[0] ?? broken(`${grounded} had no init`);
      const finishes = story.callsOf(grounded, 'finish');
      const succeeded = init.ended?.threw === false;
      must(finishes.length === (succeeded ? 1 : 0), () => `${finishes.length} times finished`);
      if (finishes[0]) must(finishes[0].entered > (init.ended?.index ?? Infinity), () => 'finished during its init');
      const aborted = story.lines.findIndex((line) => line.what === 'signal' && line.block === grounded);
      const refused = story.outer('refused')[0]?.index ?? -1;
      must(aborted >= 0 && aborted < refused, () => 'its signal did not abort');
      return 1;
    },
  },
  {
    rule: 'B4',
    says: 'a landing before launch gives each block finish(true) once, and nothing else',
    check(story) {
      if (story.outer('prepared').length === 0 || story.flown || !story.landing) return 0;
      const others = story.calls.filter(
        ({ callback }) => !['init', 'finish', 'waitUntil', 'onError'].includes(callback),
      );
      must(others.length === 0, () => `${others[0]?.block}.${others[0]?.callback} was called`);
      return 1 + mustRollBack(story, story.ready);
    },
  },
  {
    rule: 'B4',
    says: 'launch after a landing returns at once',
    check(story) {
      const launch = story.outer('launch')[0];
      if (!launch || story.flown || story.refusal) return 0;
      const isExcused = story.quiescedEarly || story.stoppedWhenReady;
      must(launch.index > story.stopIndex || isExcused, () => 'a launch entered no run');
      const settled = story.outer('launch resolved')[0] ?? story.outer('launch rejected').find(({ nth }) => nth === 1);
      const at = Math.max(launch.at, story.landed?.at ?? Infinity);
      must(settled !== undefined && same(settled.at, at), () => `it settled at ${settled?.at}, not ${at}`);
      return 1;
    },
  },
  {
    rule: 'B5',
    says: 'a landing asked for during prepare takes effect after the current init: rollback, and prepare rejects',
    check(story) {
      const { landing, ready, crew, refusal } = story;
      if (!landing || story.plan.faults.length > 0) return 0;
      const begun = story.told('initializing');
      const after = begun.filter(({ index }) => index > landing.index);
      const beforeAny = landing.index < (begun[0]?.index ?? Infinity);
      must(after.length <= (beforeAny ? 1 : 0), () => `${after.length} blocks are initialised after landing began`);
      const complete = ready.length === crew.length;
      if (complete && story.outer('prepared').length > 0) return 0;
      // Landed before it was booted, it returns from launch at once (B4).
      if (begun.length === 0 && story.booting?.act === 'launch') return 0;
      must(refusal !== undefined, () => 'prepare did not reject');
      if (codeOf(refusal) !== 'ABORTED') return 0;
      const failure = story.told('failed').find(({ event }) => event.callback === 'init');
      if (!failure) must(refusal?.cause === landing.event.cause.reason, () => `the cause is ${String(refusal?.cause)}`);
      return 1 + mustRollBack(story, ready);
    },
  },
];
