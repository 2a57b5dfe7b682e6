import { Socket } from 'node:net';
import type { Logger } from '@sputnikjs/core';
import {
  MAX_UNACKNOWLEDGED,
  type MessageConsumer,
  type MessagingConnection,
  type ProduceMessage,
} from '@sputnikjs/messaging';
import { Link, Outbox, serverFull } from '@sputnikjs/messaging/connector';
import { Client, DatabaseError, type QueryResultRow } from 'pg';
import { inserting, insertEach, isRefusal, type Outcome, type Query, type Row } from './insert.js';
import { QueueSubscription, type QueueLinkUser } from './subscription.js';

/** Where the server is, and how to use it. */
export interface QueueConfig {
  readonly url: string;
  /** Messages sent and not yet stored, at most. */
  readonly inFlight: number;
}

/** The rows of one statement, in bytes of payload: it is sent as text. */
const MAX_BYTES = 16 * 1024 * 1024;

const INSERT = `with given as (
  select * from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[])
  with ordinality as given (target, id, payload, content_type, headers, at)
), stored as (
  insert into queue (target, id, payload, content_type, headers)
  select target, id, payload, content_type, headers::jsonb from given order by at
  on conflict (target, md5(id)) do nothing returning target, id
) select min(at) as at from given join stored using (target, id) group by target, id
  union all select at from given where id is null`;

function rowOf({ target, id, payload, contentType, headers }: ProduceMessage): Row {
  if (/\p{Surrogate}/u.test(target + (id ?? '')))
    throw new Error(`"${target}" has half a character (a lone surrogate) in its target or id; send whole ones`);
  return [target, id, Buffer.from(payload as string), contentType, headers && JSON.stringify(headers)];
}

/** One connection. Statements are answered in order. */
export class QueueLink extends Link<QueueLinkUser> implements MessagingConnection {
  readonly producer: Outbox<number>;
  readonly consumer: MessageConsumer;
  readonly #client: Client;
  readonly #socket = new Socket();
  /** Those that are not sent yet, by the keys that the outbox knows. */
  readonly #waiting: { readonly key: number; readonly row: Row }[] = [];
  #keys = 0;
  #storing = false;
  /** Settles when the statement before is answered: the library has one under way at a time. */
  #before: Promise<unknown> = Promise.resolve();

  constructor({ url, inFlight }: QueueConfig, where: string, log: Logger | undefined) {
    super(where);
    this.#client = new Client({ connectionString: url, stream: () => this.#socket });
    // a login, an error, a notice, or whether it speaks TLS; the library may take other text for the beginning of a long message, and wait
    this.#socket.once('data', (data: Buffer) => {
      if (!/^([REN]|S$)/.test(data.toString('latin1')))
        this.end(new Error('it does not speak PostgreSQL; is the url right?'));
    });
    this.#client.on('error', (error) => this.end(error));
    this.#client.on('end', () => this.end(new Error('the server closed the connection')));
    this.#client.on('notification', () => this.users.forEach((user) => user.notified()));
    this.producer = new Outbox(inFlight, (message) => this.#produce(message));
    this.consumer = {
      consume: async (source, handler, { maxUnacknowledged = MAX_UNACKNOWLEDGED } = {}) => {
        if (this.over !== undefined) throw this.over;
        return new QueueSubscription(this, source, handler, maxUnacknowledged, log);
      },
    };
    this.onEnd((error) => this.producer.end(error));
  }

  /** Logs in. */
  async connect(): Promise<void> {
    await this.during(this.#client.connect());
  }

  /** Runs a statement after those before it; resolves with its rows. */
  readonly query: Query = async <R extends QueryResultRow>(statement: string, values: unknown[]) => {
    const answer = this.#before.then(() => this.#client.query<R>(statement, values));
    this.#before = answer.catch(() => {});
    return (await this.during(answer)).rows;
  };

  #produce(message: ProduceMessage): number {
    const key = this.#keys++;
    this.#waiting.push({ key, row: rowOf(message) });
    if (!this.#storing) {
      this.#storing = true;
      queueMicrotask(() => void this.#store());
    }
    return key;
  }

  /** Stores what waits, as much at once as a statement may have. */
  async #store(): Promise<void> {
    while (this.#waiting.length > 0 && this.over === undefined) {
      let [count, bytes] = [0, 0];
      for (const { row } of this.#waiting) {
        bytes += (row[2] as Buffer).length;
        if (count++ > 0 && bytes > MAX_BYTES) break;
      }
      const some = this.#waiting.splice(0, count);
      const outcomes = await insertEach(
        inserting(this.query, INSERT),
        some.map(({ row }) => row),
      );
      some.forEach(({ key, row }, at) => this.#settle(key, row, outcomes[at]));
    }
    this.#storing = false;
  }

  #settle(key: number, row: Row, outcome: Outcome | undefined): void {
    if (!(outcome instanceof Error)) return void this.producer.settle(key, outcome);
    // an end that it announces, or one that it does not
    if (!(outcome instanceof DatabaseError) || outcome.severity === 'FATAL') return this.end(outcome);
    const text = `PostgreSQL does not take a message for "${String(row[0])}": ${outcome.message}`;
    this.producer.settle(key, isRefusal(outcome) ? new Error(text, { cause: outcome }) : serverFull(text, outcome));
  }

  protected override async pingServer(): Promise<void> {
    await this.query('select', []);
  }

  protected override async sayGoodbye(): Promise<void> {
    await this.pingServer();
    await this.#client.end();
  }

  protected override release(): void {
    this.#socket.destroy();
  }
}
