import { SputnikError } from '@sputnikjs/core';
import { must, notAfter, same, type Property } from '../story.js';

/** Where onMsg, the server and onLanding come in. */
const IN_FLIGHT = ['onMsg', 'onMsgs', 'onServerConnect', 'onServerDisconnect', 'onLanding'];

export const flight: readonly Property[] = [
  {
    rule: 'F1',
    says: 'at launch every run is entered once, in the order of init, in one go',
    check(story) {
      const runs = story.calls.filter(({ callback }) => callback === 'run');
      const expected = story.flown ? story.crew.filter((block) => story.watched.has(block)) : [];
      const order = runs.map(({ block }) => block);
      must(order.join() === expected.join(), () => `entered were ${order.join()}, not ${expected.join()}`);
      const breath = story.lines.findIndex(({ what }) => what === 'breath');
      const last = runs.at(-1);
      must(!last || breath > last.entered, () => `there was time before the run of ${last?.block} was entered`);
      const launching = story.told('launching')[0];
      if (launching && last) must(same(launching.at, last.enteredAt), () => 'runs were entered later than at launch');
      return runs.length;
    },
  },
  {
    rule: 'F2',
    says: 'no message, connection or landing reaches a block before its run was entered',
    check(story) {
      let seen = 0;
      for (const block of story.watched.keys()) {
        const entered = story.callsOf(block, 'run')[0]?.entered ?? Infinity;
        for (const call of story.callsOf(block)) {
          if (!IN_FLIGHT.includes(call.callback)) continue;
          must(call.entered > entered, () => `${block}.${call.callback} came before its run`);
          seen++;
        }
      }
      return seen;
    },
  },
  {
    rule: 'F4',
    says: 'launch works once: any further one is rejected at once, and nothing happens',
    check(story) {
      const again = story.outer('launch').filter(({ nth = 0 }) => nth > 1);
      for (const { nth, at } of again) {
        const end = story.outer('launch rejected').find((line) => line.nth === nth);
        const error = end?.value;
        must(
          error instanceof SputnikError && error.code === 'ALREADY_LAUNCHED',
          () => `launch ${nth}: ${String(error)}`,
        );
        must(end !== undefined && same(end.at, at), () => `launch ${nth} was rejected late`);
      }
      must(story.told('launching').length <= 1, () => 'it launched twice');
      return again.length;
    },
  },
  {
    rule: 'F4',
    says: 'launch, every shootDown and landed have one and the same report',
    check(story) {
      const { report } = story;
      const given = [...story.outer('shot down'), ...story.outer('launch resolved')].map(({ value }) => value);
      for (const { value } of story.outer('launch rejected')) {
        const error = value as SputnikError;
        if (error.code === 'BLOCK_FAILED') given.push(error.report);
      }
      for (const value of given) must(value === report, () => `there is another report: ${JSON.stringify(value)}`);
      must(story.outer('shot down').length === story.outer('shootDown').length, () => 'a shootDown was never answered');
      return given.length;
    },
  },
  {
    rule: 'F4',
    says: 'prepare settles, and a launched flight ends: by its last shootDown at the latest, within the deadline of the landing',
    check(story) {
      const { plan, crew } = story;
      must(story.outer('prepared').length + story.outer('refused').length === 1, () => 'prepare did not settle');
      const launches = story.outer('launch').length;
      const ends = story.outer('launch resolved').length + story.outer('launch rejected').length;
      must(launches === ends, () => `${launches} launches, ${ends} ends`);
      if (story.outer('prepared').length === 0) return 1;
      const ready = (story.booting?.at ?? 0) + crew.length * plan.timeouts.initMs;
      const latest = Math.max(plan.endAt, ready) + plan.timeouts.landingMs;
      const at = story.outer('landed')[0]?.at ?? Infinity;
      must(notAfter(at, latest), () => `it landed at ${at}, not by ${latest}`);
      return 1;
    },
  },
  {
    rule: 'F5',
    says: 'from launch to landed the flight keeps the process alive',
    check(story) {
      const from = story.told('launching')[0]?.index ?? Infinity;
      const to = story.landed?.index ?? Infinity;
      let seen = 0;
      for (let index = from; index <= to && index < story.lines.length; index++) {
        const line = story.lines[index];
        if (line?.what !== 'event') continue;
        must(line.handles > 0, () => `at the event ${line.event.type} nothing kept the process alive`);
        seen++;
      }
      return seen;
    },
  },
];
