import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockStatus, FlightStatus, Logger } from '@sputnikjs/core';
import { OverloadWatch } from '../dist/admin/overload-watch.js';
import { StandingClock } from './helpers.js';

const COUNTS = { accepted: 0, rejected: 0, handled: 0, failed: 0, dropped: 0 };
const block = (responsibility: string, depth: number): BlockStatus => ({
  name: responsibility,
  responsibility,
  state: 'running',
  depth,
  capacity: 10,
  ...COUNTS,
});

/** What is logged while mailboxes are filled as they are told, from look to look. */
function watched(): {
  readonly look: (depths: Readonly<Record<string, number>>, times?: number, state?: FlightStatus['connection']) => void;
  readonly told: () => readonly unknown[];
  readonly timers: () => number;
  readonly close: () => void;
} {
  const standing = new StandingClock();
  const lines: unknown[] = [];
  const note = (fields: object): unknown => lines.push(fields);
  const log: Logger = { debug: note, info: note, warn: note, error: note };
  let status: FlightStatus | undefined;
  const watch = new OverloadWatch(standing.clock, () => status, log);
  return {
    look(depths, times = 1, connection = 'connected') {
      status = {
        state: 'flying',
        connection,
        blocks: Object.entries(depths).map(([name, depth]) => block(name, depth)),
      };
      for (let n = 0; n < times; n++) standing.move(250);
    },
    told: () => lines.splice(0),
    timers: () => standing.timers,
    close: () => watch.close(),
  };
}

test('a mailbox that stays half full is an overload, told once, with its end; a burst is none', () => {
  const { look, told, timers, close } = watched();
  look({ a: 10 });
  look({ a: 0 });
  look({ a: 4 }, 10);
  assert.deepEqual(told(), []);
  look({ a: 5 }, 2);
  assert.deepEqual(told(), [{ event: 'overloaded', block: 'a', depth: 5, capacity: 10 }]);
  // it comes and goes: that is still the same
  for (let n = 0; n < 10; n++) {
    look({ a: 9 }, 2);
    look({ a: 0 }, 19);
  }
  assert.deepEqual(told(), []);
  look({ a: 0 });
  assert.deepEqual(told(), [{ event: 'overloadOver', block: 'a', lastedMs: 250 * (10 * 21 - 19) }]);
  look({ a: 9 }, 2);
  assert.deepEqual(told(), [{ event: 'overloaded', block: 'a', depth: 9, capacity: 10 }]);
  close();
  assert.equal(timers(), 0);
});

test('the last full block in the flow is the one that is told; while the server is away none is', () => {
  const { look, told } = watched();
  look({ producer: 9, before: 9 }, 10, 'disconnected');
  assert.deepEqual(told(), []);
  look({ producer: 0, before: 9 }, 2);
  look({ producer: 9, before: 9 }, 2);
  assert.deepEqual(
    told().map((line) => (line as { readonly block: string }).block),
    ['before', 'producer'],
  );
});
