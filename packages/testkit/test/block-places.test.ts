import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { BlockDefinition } from '@sputnikjs/core';
import { blockConformance, echoBlock } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';
import type { BlockRule, BlockSubject, Places } from '../dist/block-checks.js';
import { blockPlaceChecks } from '../dist/block-place-checks.js';
import { joinServer, type BlockPlace } from '../dist/placed-flight.js';
import {
  expectsRun,
  failsToFinish,
  fliesOnce,
  good,
  hangs,
  left,
  leavesTimer,
  needsServer,
  sendsLate,
} from './bad-blocks.js';

const module = new URL('./bad-blocks.js', import.meta.url).pathname;
const server = await natsServer({ after });
const connector = { module: '@sputnikjs/connector-nats', url: server.url, jetstream: false };
const join = joinServer();

const echo = echoBlock();
after(() => left.forEach((timer) => clearInterval(timer)));

blockConformance('good', {
  block: good,
  neighbours: { echo },
  work: (flight) => flight.to('good').ask({ n: 1 }),
  places: { module, connector, server, work: (flight) => flight.to('good').ask({ n: 1 }) },
});

const JOINED: readonly BlockPlace[] = ['here', 'clone', 'process'];
const ALL: readonly BlockPlace[] = [...JOINED, 'thread'];

/** Which block breaks which rule, where that shows, and what is said of it. */
const BAD: readonly (readonly [BlockDefinition, BlockRule, readonly BlockPlace[], RegExp])[] = [
  [leavesTimer, 'leavesNothing', JOINED, /^bad left behind: Timeout/],
  [failsToFinish, 'finishesInTime', ALL, /^in\/bad.finish failed/],
  [hangs, 'finishesInTime', ALL, /^in\/bad did not end before its deadline: run/],
  [expectsRun, 'landsBeforeLaunch', ALL, /^in\/bad.finish failed/],
  [sendsLate, 'sendsNothingAfterFinish', ['here', 'clone'], /^bad sends after its finish/],
  [fliesOnce, 'fliesAgain', JOINED, /it is used up/],
  [needsServer, 'survivesOutages', ALL, /cannot live without/],
];

for (const [block, rule, at, said] of BAD)
  for (const place of at)
    test(`${place}: a block breaks the rule "${blockPlaceChecks[rule].rule}", and is named (${block.name})`, async () => {
      const { run } = blockPlaceChecks[rule];
      const places = { module, ...(rule === 'survivesOutages' && { connector, server }) };
      const subject = {
        responsibility: 'bad',
        block,
        neighbours: { echo },
        timeouts: { landingMs: 1_000 },
        places,
      } as unknown as BlockSubject & { readonly places: Places };
      await assert.rejects(
        run({ subject, place, join }, () => {}),
        (error: Error) => {
          assert.match(`${error.message} ${String(error.cause)}`, said);
          return true;
        },
      );
    });
