import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { messagingConformance, type Destination } from '@sputnikjs/testkit';
import { connector } from '../postgres-writer/dist/connector.js';
import { postgresServer, urlOf } from './postgres-server.js';
import { EXAMPLE, sql } from './postgres-writer.js';

const server = await postgresServer({ after });
await server.start();
const schema = readFileSync(join(EXAMPLE, 'queue.sql'), 'utf8');
await sql(server, schema);
await server.stop();

const make = (port: number, password?: string): ReturnType<typeof connector.make> =>
  connector.make({ url: urlOf({ port }, password), inFlight: 1024 });

/** Takes some messages, and then says what a server says whose disk is full. */
const LIMITED = `
  create function limited() returns trigger language plpgsql as $$ begin
    if (select count(*) from queue) >= 20 then raise 'could not extend file' using errcode = 'disk_full'; end if;
    return null;
  end $$;
  create trigger limited before insert on queue for each statement execute function limited()`;

/** A destination of its own, in the database of a url. */
function here(url?: string): Destination {
  const target = randomUUID();
  const payloads = async (condition: string): Promise<readonly string[]> => {
    const text = `select payload from queue where target = '${target}' and ${condition} order by n`;
    return (await sql<{ payload: Buffer }>(server, text, url)).map(({ payload }) => payload.toString());
  };
  return {
    target,
    source: target,
    stored: () => payloads('true'),
    unhandled: async () => (await payloads('handled_at is null')).length,
  };
}

messagingConformance('PostgreSQL', {
  server,
  make,
  makeUnwelcome: (port) => make(port, 'wrong'),
  destination: async () => here(),
  async destroy({ target }) {
    await sql(server, `delete from queue where target = '${target}'`);
  },
  async longHandling() {
    return { destination: here(), handlerMs: 2_000, consumers: 1, make: () => make(server.port) };
  },
  async full() {
    await server.start();
    const name = `full_${randomUUID().slice(0, 8)}`;
    await sql(server, `create database ${name}`);
    const url = urlOf(server, undefined, name);
    await sql(server, schema + LIMITED, url);
    const destination = here(url);
    const makeRoom = async () => {
      await sql(server, 'delete from queue where n in (select n from queue order by n limit 10)', url);
    };
    return { destination, makeRoom, make: () => connector.make({ url, inFlight: 1024 }) };
  },
  async targets() {
    await sql(server, 'delete from queue');
    const arrivals = async () => {
      const rows = await sql<{ target: string; payload: Buffer }>(server, 'select target, payload from queue');
      return rows.map(({ target, payload }) => ({ target, payload: payload.toString() }));
    };
    return { good: randomUUID(), arrivals, make: () => make(server.port) };
  },
  features: {
    pushedLoss: true,
    durable: true,
    consumer: true,
    keeps: true,
    redelivers: true,
    deduplicates: true,
    ids: true,
    deliveries: true,
    headers: true,
    contentType: true,
  },
});
