import { defineBlock, type BlockDefinition, type Mail, type Metric } from '@sputnikjs/core';
import { BRIDGE_CONFIG, type BridgeConfig } from './bridge/config.js';
import { bridgesOf } from './bridge/headers.js';
import { outgoingOf } from './bridge/outgoing.js';
import { Route } from './bridge/route.js';
import { PRODUCER, RECEIVER, type ConsumedMessage } from './contract.js';
import { ProblemLog } from './net/index.js';
import { causeOf, isPassing } from './passing.js';
import { weightOf } from './weight.js';

/** Messages under way to the producer, in so many calls of so many; messages behind them, and bytes of all. */
const [CALLS, BATCH, CAPACITY, HELD_BYTES] = [128, 8, 1_024, 33_554_432] as const;
/** The producer waits for its server. */
const FOREVER = { timeoutMs: Infinity } as const;
/** Most characters of a reason in a header. */
const MOST_REASON = 1_000;
/** The headers of a dead letter. */
const [REASON, SOURCE, TARGET] = ['Bridge-Reason', 'Bridge-Source', 'Bridge-Target'] as const;

/** How many messages became what. */
interface Counts {
  passed: number;
  duplicates: number;
  redelivered: number;
  circling: number;
  refused: number;
  deadLetters: number;
  headersLeft: number;
  stripped: number;
}

/**
 * The block `bridge`: takes what a consumer receives from one server, and has the producer of another one produce it. A message is acknowledged at its
 * source when the other server has it, so each arrives at least once, in the order of the source. Its address is that of a receiver.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { bridgeBlock, RECEIVER, type ConsumedMessage } from '@sputnikjs/messaging';
 * import { echoBlock, testFlight } from '@sputnikjs/testkit';
 * test('what comes from one server goes to the other', async () => {
 *   const producer = echoBlock(() => undefined);
 *   const config = { bridge: { name: 'b', routes: [{ from: 'sensors/#', to: 'sensors.{1}' }] } };
 *   const flight = await testFlight({ blocks: { producer, [RECEIVER]: bridgeBlock }, config });
 *   const message: ConsumedMessage = { source: 'sensors/attic/1', payload: Buffer.from('17'), redelivered: false };
 *   await flight.to(RECEIVER).ask(message);
 *   assert.equal((await producer.next())['target'], 'sensors.attic.1');
 * });
 */
export const bridgeBlock: BlockDefinition = defineBlock({
  name: 'bridge',
  address: RECEIVER,
  config: BRIDGE_CONFIG,
  needs: { producer: PRODUCER },
  async check(config, read) {
    const other = config.back === undefined ? undefined : await read(config.back, BRIDGE_CONFIG);
    return { problems: problemsOf(config, other) };
  },
  make: (config, { producer }, ctx) => {
    const routes = routesOf(config);
    const problemLog = new ProblemLog(ctx);
    const counts: Counts = {
      passed: 0,
      duplicates: 0,
      redelivered: 0,
      circling: 0,
      refused: 0,
      deadLetters: 0,
      headersLeft: 0,
      stripped: 0,
    };

    const produce = async (consumed: ConsumedMessage, target: string, more?: Record<string, string>): Promise<void> => {
      const { message, left, isDressed } = outgoingOf(consumed, target, config, more);
      const result = await producer.ask(message, FOREVER);
      counts.headersLeft += left;
      if (result?.duplicate) counts.duplicates++;
      if (result?.stripped && isDressed) counts.stripped++;
    };

    /** Resolves when the message may be acknowledged at its source; rejects if it has to come again. */
    const take = async (consumed: ConsumedMessage): Promise<void> => {
      if (consumed.redelivered) counts.redelivered++;
      // guard: what a bridge has brought it does not take back
      if (bridgesOf(consumed).includes(config.name)) return void counts.circling++;
      const target = targetOf(routes, consumed.source);
      try {
        if (target === undefined) throw new Error(`no route takes messages from ${JSON.stringify(consumed.source)}`);
        await produce(consumed, target);
        counts.passed++;
      } catch (error) {
        // guard: what the other server cannot take now comes again
        if (isPassing(error)) throw error;
        await refuse(consumed, target, causeOf(error));
      }
    };

    /** The other server refuses the message for good. */
    const refuse = async (consumed: ConsumedMessage, target: string | undefined, error: unknown): Promise<void> => {
      const { source, id, sequence } = consumed;
      const { deadLetter } = config;
      counts.refused++;
      const reason = error instanceof Error ? error.message : String(error);
      problemLog.note('bridgeRefused', `a message cannot go over the bridge: ${reason}`, { source, target });
      if (deadLetter === undefined) throw error;
      const about = { [REASON]: lineOf(reason), [SOURCE]: lineOf(source), [TARGET]: lineOf(target ?? '') };
      // guard: a dead letter is no repetition of its message
      const own = { id: id && `dead:${id}`, sequence: sequence && `dead:${sequence}` };
      await produce({ ...consumed, ...own }, deadLetter, about);
      counts.deadLetters++;
    };

    const settle = async (mail: Mail<ConsumedMessage, void>): Promise<void> => {
      try {
        await take(mail.msg);
        mail.reply();
      } catch (error) {
        const { source } = mail.msg;
        // guard: a landing is no trouble of the other server's
        if (isPassing(error) && !ctx.landing.aborted) {
          const text = 'messages cannot go over the bridge for now; they went back to their server';
          problemLog.note('bridgeWaits', text, { source, error });
        }
        mail.fail(error);
      }
    };

    return {
      mailbox: {
        concurrency: CALLS,
        batch: BATCH,
        capacity: CAPACITY,
        weigh: ({ source, payload, contentType, headers, id }) =>
          weightOf({ target: source, payload, contentType, headers, id }),
        maxWeight: HELD_BYTES,
      },
      async onMsgs(mails) {
        await Promise.all(mails.map((mail) => settle(mail)));
      },
      finish: () => problemLog.close(),
      metrics: () => metricsOf(counts),
      onError: (_error, where) => (where === 'onMsgs' ? 'continue' : 'shutdown'),
    };
  },
});

function routesOf({ routes, separators }: BridgeConfig): readonly Route[] {
  return routes.map((route) => new Route(route, separators));
}

function targetOf(routes: readonly Route[], source: string): string | undefined {
  for (const route of routes) {
    const target = route.targetOf(source);
    if (target !== undefined) return target;
  }
  return undefined;
}

/** What is wrong with the routes, for themselves and beside those of the bridge that leads back. */
function problemsOf(config: BridgeConfig, back: BridgeConfig | undefined): readonly string[] {
  const others = back === undefined ? [] : routesOf(back);
  return routesOf(config).flatMap((route, i) => [
    ...route.problems.map((problem) => `routes[${i}].${problem}`),
    ...others
      .filter((other) => route.isCircleWith(other))
      .map(({ config: { from, to } }) => {
        const way = `"${route.config.to}" comes back on the route from "${from}" to "${to}" of "${config.back}"`;
        return `routes[${i}]: messages would go in circles: what goes to ${way}; use other topics for one way`;
      }),
  ]);
}

/** As it can stand in a header. */
function lineOf(text: string): string {
  return JSON.stringify(text.slice(0, MOST_REASON)).slice(1, -1).trim();
}

function metricsOf(counts: Counts): readonly Metric[] {
  const counter = (name: string, help: string, value: number): Metric => ({ name, type: 'counter', help, value });
  return [
    counter('passed_total', 'Messages that the other server has taken.', counts.passed),
    counter('duplicates_total', 'Of these and of dead letters, the messages that it had already.', counts.duplicates),
    counter('redelivered_total', 'Messages that their server has delivered before.', counts.redelivered),
    counter('circling_total', 'Messages that this bridge itself has brought, and does not take back.', counts.circling),
    counter('refused_total', 'Messages refused for good, or without a route. Counts each delivery.', counts.refused),
    counter('dead_letters_total', 'Of these, the messages that became dead letters.', counts.deadLetters),
    counter('headers_dropped_total', 'Headers that cannot cross.', counts.headersLeft),
    counter(
      'stripped_total',
      'Messages whose headers and content type the other server does not carry.',
      counts.stripped,
    ),
  ];
}
