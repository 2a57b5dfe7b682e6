import type { Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { defineBlock, type BlockDefinition, type Metric } from '@sputnikjs/core';
import { PRODUCER, weightOf, type ProduceMessage } from '@sputnikjs/messaging';
import { ProblemLog } from '@sputnikjs/messaging/net';
import { Changes } from './changes.js';
import { SPOOL_CONFIG, type SpoolConfig } from './config.js';
import { answer } from './control.js';
import { DeadLetters } from './deliver/dead-letters.js';
import { Delivery } from './deliver/delivery.js';
import { Intake } from './deliver/intake.js';
import { filesOf } from './store/files.js';
import { folderProblem, prepareFolder } from './store/folder.js';
import { own } from './store/owner.js';
import type { Problem } from './store/problem.js';
import type { Content } from './store/record.js';
import { Store } from './store/store.js';
import { tellProblem } from './tell-problem.js';

/** The folder of dead letters, in that of the spool. */
const DEAD = 'dead';
/** Their part of what the spool may have on the disk. */
const DEAD_SHARE = 8;
/** Messages that wait for the disk, in so many calls of so many; messages behind them, and bytes of all. */
const [CALLS, BATCH, CAPACITY, HELD_BYTES] = [64, 32, 512, 33_554_432] as const;
/**
 * How often what was delivered is noted, in milliseconds: so many times soon, from then on later. What was delivered since is sent again after a
 * kill: one that is killed again and again, soon after its start, would send the same for ever.
 */
const [SOON_MS, SOON_TIMES, SAVE_MS] = [50, 40, 1_000] as const;

/** What there is from init to finish. */
interface Opened {
  readonly store: Store;
  readonly dead: Store;
  readonly intake: Intake;
  readonly delivery: Delivery;
  readonly letters: DeadLetters;
  readonly changes: Changes;
  close(): Promise<void>;
}

/**
 * The block `spool`: takes messages for the producer, and answers when they are on disk. It delivers them to the producer that its need names, in
 * order, and keeps each until the server has it; after a kill, too. Its address is that of the producer: list the real one under another, and
 * rewire the need.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { mkdtempSync, rmSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { test } from 'node:test';
 * import { PRODUCER } from '@sputnikjs/messaging';
 * import { spool } from '@sputnikjs/spool';
 * import { echoBlock, testFlight } from '@sputnikjs/testkit';
 * test('what is accepted is delivered', async (t) => {
 *   const path = mkdtempSync(join(tmpdir(), 'spool-'));
 *   t.after(() => rmSync(path, { recursive: true, force: true }));
 *   const uplink = echoBlock(() => undefined);
 *   const blocks = [
 *     { responsibility: 'uplink', block: uplink },
 *     { responsibility: PRODUCER, block: spool, needs: { producer: 'uplink' } },
 *   ];
 *   const flight = await testFlight({ blocks, config: { spool: { path } } });
 *   await flight.to(PRODUCER).ask({ target: 'orders', payload: '{"n":1}' });
 *   assert.equal((await uplink.next())['target'], 'orders');
 * });
 */
export const spool: BlockDefinition = defineBlock({
  name: 'spool',
  address: PRODUCER,
  config: SPOOL_CONFIG,
  needs: { producer: PRODUCER },
  async check({ path }) {
    const problem = await folderProblem(resolve(path));
    return problem === undefined ? {} : { problems: [`path: ${problem}`] };
  },
  make: (config, { producer: uplink }, ctx) => {
    const problemLog = new ProblemLog(ctx);
    let opened: Opened | undefined;
    /** On the clock. */
    let flushEndsAt = -Infinity;
    const onProblem = (problem: Problem): void => tellProblem(problem, ctx.log, problemLog);

    /** Goes on with delivering what is kept, for so long at most. */
    async function flush({ delivery }: Opened, mostMs: number, signal?: AbortSignal): Promise<void> {
      const emptied = new AbortController();
      const over = signal === undefined ? emptied.signal : AbortSignal.any([signal, emptied.signal]);
      const left = Math.min(mostMs, flushEndsAt - ctx.clock.now());
      if (left <= 0) return;
      await Promise.race([delivery.emptied(), ctx.clock.sleep(left, over)]);
      emptied.abort();
    }

    async function onCommand(socket: Socket): Promise<void> {
      const done = opened && (await answer(socket, opened.changes).catch(() => undefined));
      if (done === undefined) return void socket.destroy();
      const { change, answer: told } = done;
      const outcome = 'error' in told ? told.error : `${told.count} messages`;
      ctx.log.info({ event: 'spoolChanged', change, ...told }, `a command asked for ${change}: ${outcome}`);
    }

    async function open(path: string): Promise<Opened> {
      await prepareFolder(path);
      const owner = await own(path, (socket) => void onCommand(socket));
      try {
        await prepareFolder(join(path, DEAD));
        const { maxBytes, maxMessages = Infinity, maxAgeMs = Infinity, window, deadLetter } = config;
        const now = (): number => Date.now();
        const options = { maxBytes, maxMessages, now, onProblem };
        const store = await Store.open(filesOf(path), {
          ...options,
          onChange() {
            opened?.intake.goOn();
            opened?.delivery.goOn();
          },
        });
        const dead = await Store.open(filesOf(join(path, DEAD)), {
          ...options,
          maxBytes: Math.floor(maxBytes / DEAD_SHARE),
          maxMessages: Infinity,
          onChange() {},
        });
        const letters = new DeadLetters({ store: dead, uplink, target: deadLetter, problemLog, now });
        const intake = new Intake(store, ctx, config.whenFull);
        const bury: DeadLetters['bury'] = (kept, reason) => letters.bury(kept, reason);
        const delivery = new Delivery({ store, uplink, ctx, problemLog, window, maxAgeMs, now, bury });
        const close = async (): Promise<void> => {
          intake.close();
          delivery.stop();
          await store.close();
          await dead.close();
          await owner.release();
        };
        const changes = new Changes({ dead, accept: (content) => acceptOne(intake, content) });
        return { store, dead, intake, delivery, letters, changes, close };
      } catch (error) {
        await owner.release();
        throw error;
      }
    }

    return {
      mailbox: { concurrency: CALLS, batch: BATCH, capacity: CAPACITY, weigh: weightOf, maxWeight: HELD_BYTES },
      async init() {
        opened = await open(resolve(config.path));
        const { kept, bytes } = opened.store;
        if (kept === 0) return;
        const text = `${kept} messages were kept from before; they are delivered first`;
        ctx.log.info({ event: 'spoolRecovered', messages: kept, bytes }, text);
      },
      async run() {
        opened?.delivery.goOn();
        for (let times = 0; ; times++) {
          // guard: D4 what was delivered is noted soon after a start
          const isSoon = times < SOON_TIMES;
          await ctx.clock.sleep(isSoon ? SOON_MS : SAVE_MS, ctx.signal);
          if (ctx.signal.aborted) return;
          await opened?.store.save();
        }
      },
      onMsgs(mails) {
        if (opened === undefined) throw new Error('the spool is not open');
        return opened.intake.accept(mails);
      },
      async onLanding() {
        if (opened === undefined) return;
        if (config.flushAtLandingMs === 0) return opened.delivery.stop();
        flushEndsAt = ctx.clock.now() + config.flushAtLandingMs;
        await flush(opened, Infinity, ctx.signal);
      },
      async finish() {
        // guard: D13 what has come since from blocks that drained is flushed, too
        if (opened !== undefined) await flush(opened, ctx.msLeft() / 2);
        await opened?.close();
        problemLog.close();
        const { kept = 0, bytes = 0 } = opened?.store ?? {};
        const text = `${kept} messages are kept on disk for the next start`;
        if (kept > 0) ctx.log.info({ event: 'spoolKept', messages: kept, bytes }, text);
      },
      metrics: () => (opened === undefined ? [] : metricsOf(opened, config)),
      onError: (_error, where) => (where === 'onMsgs' ? 'continue' : 'shutdown'),
    };
  },
});

/** Resolves when the message is on the disk; rejects if it cannot be now. */
function acceptOne(intake: Intake, content: Content): Promise<void> {
  return new Promise((resolve, reject) => {
    const msg: ProduceMessage = { ...content, whenFull: 'reject' };
    void intake.accept([{ msg, reply: () => resolve(), fail: reject }]);
  });
}

function metricsOf({ store, dead, intake, delivery, letters }: Opened, { maxBytes }: SpoolConfig): readonly Metric[] {
  const gauge = (name: string, help: string, value: number): Metric => ({ name, type: 'gauge', help, value });
  const counter = (name: string, help: string, value: number): Metric => ({ name, type: 'counter', help, value });
  const loss = (name: string, help: string, value: number): Metric => ({ name, type: 'loss', help, value });
  return [
    gauge('kept_messages', 'Messages on disk that the server does not have yet.', store.kept),
    gauge('kept_bytes', 'Bytes of the files with messages.', store.bytes),
    gauge('max_bytes', 'Most bytes that these files may have.', maxBytes),
    gauge('oldest_message_age_seconds', 'How long the oldest message has been kept.', delivery.oldestMs / 1_000),
    gauge('under_way_messages', 'Messages that the producer was asked to deliver.', delivery.underWay),
    gauge('waiting_messages', 'Messages that wait for room on the disk.', intake.waiting),
    gauge('stopped', '1 while the disk fails and no message is taken.', store.stopped === undefined ? 0 : 1),
    counter('stored_total', 'Messages that were stored.', store.stored),
    counter('syncs_total', 'How often files were synced to store them.', store.syncs),
    counter('delivered_total', 'Messages that the server has acknowledged.', delivery.delivered),
    counter('duplicates_total', 'Of these, the messages that the server had already.', delivery.duplicates),
    counter('dead_letters_total', 'Messages that the server has refused for good.', letters.count),
    gauge('dead_letters', 'Dead letters that are kept.', dead.kept),
    loss(
      'dropped_total',
      'Messages that were dropped to make room, dead letters too.',
      intake.dropped + letters.dropped,
    ),
    loss('expired_total', 'Messages that were dropped because they were too old.', delivery.expired),
    loss('damaged_total', 'Messages on disk that could not be read.', store.lost + dead.lost),
  ];
}
