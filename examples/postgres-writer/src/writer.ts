import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { RECEIVER, type ConsumedMessage } from '@sputnikjs/messaging';
import { Pool } from 'pg';
import { z } from 'zod';
import { isRefusal, type Outcome, type Row } from './insert.js';
import { inTransaction, type Transaction } from './transaction.js';

const Config = z.strictObject({
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/database')
    .meta({ writeOnly: true })
    .describe('The database: postgres://user:password@host:port/database.'),
  timeoutMs: z.int().min(1).default(10_000).describe('How long the server may take to answer, in milliseconds.'),
});

const GIVEN = `with given as (
  select * from unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) with ordinality as given (id, source, payload, reason, at)
)`;
const NEW = `select min(at) as at from given join stored using (id) group by id
  union all select at from given where id is null`;

const MESSAGES = `${GIVEN}, stored as (
  insert into messages (id, source, body)
  select id, source, convert_from(payload, 'UTF8')::jsonb from given order by at
  on conflict (id) do nothing returning id
) ${NEW}`;

const DEAD_LETTERS = `${GIVEN}, stored as (
  insert into dead_letters (id, source, payload, reason) select id, source, payload, reason from given order by at
  on conflict (md5(id)) do nothing returning id
) ${NEW}`;

/** A batch is sent as text, two characters a byte: what is under way at once, in bytes. */
const MAX_WEIGHT = 32 * 1024 * 1024;
/** How long a batch that could not be stored is kept before the message server may deliver it again, in milliseconds. */
const REST_MS = 1_000;

const rowOf = ({ id, source, payload }: ConsumedMessage): Row => [id, source, Buffer.from(payload), null];

/** Throws the first error that is not about its row: the whole batch has to come again. */
function throwPassing(outcomes: readonly Outcome[]): void {
  const failure = outcomes.find((outcome) => outcome instanceof Error && !isRefusal(outcome));
  if (failure !== undefined) throw failure;
}

/**
 * Stores messages in PostgreSQL, a batch in one transaction. What it answers is committed, so that the consumer acknowledges it. What the table refuses
 * for good becomes a dead letter, in the same transaction. If the server is away, the batch fails, and the message server delivers it again.
 */
export const postgreswriter: BlockDefinition = defineBlock({
  name: 'postgreswriter',
  address: RECEIVER,
  config: Config,
  make: ({ url, timeoutMs }, _to, { clock, landing, log }) => {
    const [connectionTimeoutMillis, query_timeout] = [timeoutMs, timeoutMs];
    const pool = new Pool({
      connectionString: url,
      max: 1,
      connectionTimeoutMillis,
      query_timeout,
      keepAlive: true,
    });
    // whatever is under way rejects with it; without a listener it would end the process
    pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {}));
    let [stored, duplicates, deadLetters] = [0, 0, 0];

    const store = async (transaction: Transaction, messages: readonly ConsumedMessage[]) => {
      const rows = messages.map(rowOf);
      const outcomes = await transaction.insertEach(MESSAGES, rows);
      throwPassing(outcomes);
      const refused = outcomes.flatMap((outcome, at) => (outcome instanceof Error ? [{ at, reason: outcome }] : []));
      const letters = refused.map(({ at, reason }): Row => [...(rows[at] ?? []).slice(0, 3), reason.message]);
      const kept = await transaction.insertEach(DEAD_LETTERS, letters);
      throwPassing(kept);
      return { outcomes, refused: refused.map((one, nth) => ({ ...one, kept: kept[nth] })) };
    };

    return {
      mailbox: { batch: 256, weigh: ({ payload }) => payload.byteLength, maxWeight: MAX_WEIGHT },
      async onMsgs(batch) {
        try {
          const messages = batch.map(({ msg }) => msg);
          const { outcomes, refused } = await inTransaction(pool, (transaction) => store(transaction, messages));
          const known = outcomes.filter((outcome) => !(outcome instanceof Error) && outcome.duplicate).length;
          duplicates += known;
          stored += outcomes.length - refused.length - known;
          for (const { at, reason, kept } of refused) {
            const { id, source } = messages[at] ?? {};
            if (kept instanceof Error) {
              batch[at]?.fail(kept);
              log.warn({ event: 'storeFailed', id, source, error: kept }, 'no table takes a message; it comes again');
            } else {
              deadLetters++;
              log.warn({ event: 'deadLetter', id, source, error: reason }, 'the table refuses a message');
            }
          }
        } catch (error) {
          log.warn(
            { event: 'storeFailed', messages: batch.length, error },
            'cannot store messages for now; they come again',
          );
          await clock.sleep(REST_MS, landing);
          throw error;
        }
      },
      metrics: () => [
        { name: 'stored_total', type: 'counter', help: 'Messages stored in the table.', value: stored },
        { name: 'duplicates_total', type: 'counter', help: 'Messages that the table had already.', value: duplicates },
        { name: 'dead_letters_total', type: 'counter', help: 'Messages that the table refuses.', value: deadLetters },
      ],
      finish: () => pool.end(),
    };
  },
});
