import { Socket } from 'node:net';
import { systemClock, type Logger } from '@sputnikjs/core';
import {
  defineConnector,
  MAX_UNACKNOWLEDGED,
  type ConnectorDefinition,
  type ConsumedMessage,
  type MessageConsumer,
  type MessageHandler,
  type MessagingConnection,
  type ProduceMessage,
  type Subscription,
} from '@sputnikjs/messaging';
import {
  cannotConnect,
  Handlers,
  Link,
  LinkConnector,
  Outbox,
  serverFull,
  type LinkUser,
} from '@sputnikjs/messaging/connector';
import { Client, DatabaseError, type QueryResultRow } from 'pg';
import { z } from 'zod';
import { Batches } from './batches.js';
import { insertEach, isRefusal, type Outcome, type Row } from './insert.js';

const INSERT = `with given as (
  select * from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[])
  with ordinality as given (target, id, payload, content_type, headers, at)
), stored as (
  insert into queue (target, id, payload, content_type, headers)
  select target, id, payload, content_type, headers::jsonb from given order by at
  on conflict (target, md5(id)) do nothing returning target, id
) select min(at) as at from given join stored using (target, id) group by target, id
  union all select at from given where id is null`;
const TAKE = `with taken as (
  update queue set deliveries = deliveries + 1
  where n in (
    select n from queue where target = $1 and handled_at is null and n <> all ($2::bigint[]) order by n limit $3
  ) returning *
) select * from taken order by n`;
const HANDLED = 'update queue set handled_at = now() where n = any ($1::bigint[])';
/** How long a message rests that could not be handled, in milliseconds. */
const REST_MS = 1_000;

/** A row of the queue. */
interface Queued {
  readonly n: string;
  readonly target: string;
  readonly id: string | null;
  readonly payload: Buffer;
  readonly content_type: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly deliveries: number;
}

function messageOf({ target, id, payload, content_type, headers, deliveries }: Queued): ConsumedMessage {
  return {
    source: target,
    payload,
    deliveries,
    redelivered: deliveries > 1,
    ...(id !== null && { id }),
    ...(content_type !== null && { contentType: content_type }),
    ...(headers !== null && { headers }),
  };
}

interface QueueConfig {
  readonly url: string;
  /** Messages sent and not yet stored, at most. */
  readonly inFlight: number;
}

/** What uses a link hears when there are new messages. */
interface QueueLinkUser extends LinkUser {
  notified(): void;
}

/** One connection. */
class QueueLink extends Link<QueueLinkUser> implements MessagingConnection {
  readonly producer: Outbox<number>;
  readonly consumer: MessageConsumer;
  readonly #client: Client;
  readonly #socket = new Socket();
  /** Rows to insert, by the keys that the outbox knows. */
  readonly #rows = new Batches<{ readonly key: number; readonly row: Row }>(
    (batch) => this.#insert(batch),
    ({ row }) => (row[2] as Buffer).length,
  );
  #keys = 0;
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
  async query<R extends QueryResultRow>(statement: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    const answer = this.#before.then(() => this.#client.query<R>(statement, [...values]));
    this.#before = answer.catch(() => {});
    return (await this.during(answer)).rows;
  }

  #produce({ target, id, payload, contentType, headers }: ProduceMessage): number {
    if (/\p{Surrogate}/u.test(target + (id ?? '')))
      throw new Error(`"${target}" has half a character (a lone surrogate) in its target or id; send whole ones`);
    const key = this.#keys++;
    const row = [target, id, Buffer.from(payload as string), contentType, headers && JSON.stringify(headers)];
    this.#rows.add({ key, row });
    return key;
  }

  async #insert(batch: readonly { readonly key: number; readonly row: Row }[]): Promise<void> {
    const rows = batch.map(({ row }) => row);
    const outcomes = await insertEach(async (some) => {
      const columns = some[0]?.map((_, column) => some.map((row) => row[column]));
      return (await this.query<{ readonly at: string }>(INSERT, columns)).map(({ at }) => Number(at));
    }, rows);
    batch.forEach(({ key, row }, at) => this.#settle(key, String(row[0]), outcomes[at]));
  }

  #settle(key: number, target: string, outcome: Outcome | undefined): void {
    if (!(outcome instanceof Error)) return void this.producer.settle(key, outcome);
    // an end that it announces, or one that it does not
    if (!(outcome instanceof DatabaseError) || outcome.severity === 'FATAL') return this.end(outcome);
    const text = `PostgreSQL does not take a message for "${target}": ${outcome.message}`;
    this.producer.settle(key, isRefusal(outcome) ? new Error(text, { cause: outcome }) : serverFull(text, outcome));
  }

  protected override async pingServer(): Promise<void> {
    await this.query('select');
  }

  protected override async sayGoodbye(): Promise<void> {
    await this.pingServer();
    await this.#client.end();
  }

  protected override release(): void {
    this.#socket.destroy();
  }
}

/** Takes messages of a target out of the queue: when it begins, when the server notifies, and when there is room again. */
class QueueSubscription implements Subscription, QueueLinkUser {
  readonly #link: QueueLink;
  readonly #target: string;
  readonly #handlers: Handlers;
  readonly #most: number;
  readonly #log: Logger | undefined;
  readonly #over = new AbortController();
  /** Not to be taken again: being handled, or at rest. */
  readonly #taken = new Set<string>();
  readonly #marks = new Batches<{ readonly n: string; readonly done: (isMarked: boolean) => void }>((batch) =>
    this.#mark(batch),
  );
  /** There may be messages that are not taken. */
  #mayBeMore = true;
  #isLooking = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(link: QueueLink, target: string, handler: MessageHandler, most: number, log: Logger | undefined) {
    this.#link = link;
    this.#target = target;
    this.#handlers = new Handlers(handler);
    this.#most = most;
    this.#log = log;
    link.add(this);
    this.#goOn();
  }

  ended(): void {
    this.#over.abort();
  }

  notified(): void {
    this.#mayBeMore = true;
    this.#goOn();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#looking;
    await this.#handlers.idle();
    this.#link.remove(this);
  }

  #goOn(): void {
    if (!this.#isLooking) this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#mayBeMore && !this.#over.signal.aborted && this.#handlers.underWay < this.#most) {
      const room = this.#most - this.#handlers.underWay;
      this.#mayBeMore = false;
      const rows = await this.#query<Queued>(TAKE, [this.#target, [...this.#taken], room]);
      for (const row of rows ?? []) void this.#handle(row);
      this.#mayBeMore ||= rows === undefined || rows.length === room;
      if (rows === undefined) await systemClock.sleep(REST_MS, this.#over.signal);
    }
    this.#isLooking = false;
  }

  async #handle(row: Queued): Promise<void> {
    this.#taken.add(row.n);
    await this.#handlers.handle(messageOf(row), async (failure) => {
      const marking = new Promise<boolean>((done) =>
        failure === undefined ? this.#marks.add({ n: row.n, done }) : done(false),
      );
      if (await marking) return;
      await systemClock.sleep(REST_MS, this.#over.signal);
      this.#mayBeMore = true;
    });
    this.#taken.delete(row.n);
    this.#goOn();
  }

  async #mark(batch: readonly { readonly n: string; readonly done: (isMarked: boolean) => void }[]): Promise<void> {
    const rows = await this.#query(HANDLED, [batch.map(({ n }) => n)]);
    for (const { done } of batch) done(rows !== undefined);
  }

  /** As that of the link; undefined if the server refuses for now. */
  async #query<R extends QueryResultRow>(
    statement: string,
    values: readonly unknown[],
  ): Promise<readonly R[] | undefined> {
    try {
      return await this.#link.query<R>(statement, values);
    } catch (error) {
      const fields = { event: 'consumeFailed', source: this.#target, error };
      if (this.#link.over === undefined) this.#log?.warn(fields, 'cannot take messages for now');
      return undefined;
    }
  }
}

class PostgresConnector extends LinkConnector<QueueLink, MessagingConnection, QueueLinkUser> {
  readonly #config: QueueConfig;

  constructor(config: QueueConfig) {
    super('PostgreSQL');
    this.#config = config;
  }

  protected override async open(signal: AbortSignal): Promise<QueueLink> {
    const { hostname: host, port, pathname } = new URL(this.#config.url);
    const url = `postgres://${host}:${port || 5432}${pathname}`;
    const link = new QueueLink(this.#config, url, this.log);
    const abort = (): void => link.end(signal.reason as Error);
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      await link.connect();
      return link;
    } catch (error) {
      link.end(error as Error);
      throw signal.aborted
        ? signal.reason
        : cannotConnect({ url, host, port: Number(port || 5432), tls: false }, error as Error);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Without the table nothing can be done. */
  protected override async prepare(link: QueueLink): Promise<MessagingConnection> {
    try {
      await link.query('select from queue limit 0');
      await link.query('listen queue');
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`${link.url} has no table "queue" for this user: ${message}; apply queue.sql`, { cause });
    }
    return link;
  }
}

/** Messages in a table of PostgreSQL, which notifies of new ones. */
export const connector: ConnectorDefinition<MessagingConnection, QueueConfig> = defineConnector({
  name: 'postgres',
  config: z.strictObject({
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/database')
      .meta({ writeOnly: true }),
    inFlight: z.int().min(1).default(256),
  }),
  make: (config) => new PostgresConnector(config),
});
