import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { spawnSidecar, type Sidecar } from '@sputnikjs/testkit';
import { natsServer, type RealServer } from '@sputnikjs/testkit/servers';
import { Client, type QueryResultRow } from 'pg';
import { postgresServer, urlOf } from './postgres-server.js';
import { ROOT } from './support.js';

export const EXAMPLE: string = join(ROOT, 'examples', 'postgres-writer');

/** Runs statements on a connection of its own, and resolves with the rows of the last one. */
export async function sql<Row extends QueryResultRow>(
  server: RealServer,
  text: string,
  connectionString: string = urlOf(server),
): Promise<Row[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const results = await client.query<Row>(text);
    return [results].flat().at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}

/** Both servers, with the tables of the example, and a client of NATS that is not ours. */
export interface Writing {
  readonly postgres: RealServer;
  readonly stream: JetStreamClient;
  /** Starts the satellite of the example, but for ports. */
  readonly fly: () => Sidecar;
  /** How many messages the consumer has not acknowledged. */
  readonly unacknowledged: () => Promise<number>;
}

export async function writing(t: TestContext): Promise<Writing> {
  const [nats, postgres] = await Promise.all([natsServer(t), postgresServer(t)]);
  await Promise.all([nats.start(), postgres.start()]);
  await sql(postgres, readFileSync(join(EXAMPLE, 'schema.sql'), 'utf8'));
  const client = await connect({ servers: new URL(nats.url).host });
  t.after(() => client.close());
  const manager = await jetstreamManager(client);
  await manager.streams.add({ name: 'SPUTNIK', subjects: ['syslog', 'http.>'] });
  const program = join(ROOT, 'packages', 'sidecar', 'bin', 'sputnik.js');
  const env = {
    CONNECTOR_URL: nats.url,
    POSTGRESWRITER_URL: urlOf(postgres),
    POSTGRESWRITER_TIMEOUT_MS: '2000',
    SPUTNIK_ADMIN_PORT: '0',
  };
  return {
    postgres,
    stream: jetstream(client),
    fly: () => spawnSidecar(program, ['run', '--cf', join(EXAMPLE, 'conf')], { env, after: (end) => t.after(end) }),
    unacknowledged: async () => {
      const [consumer] = await manager.consumers.list('SPUTNIK').next();
      return consumer === undefined ? Infinity : consumer.num_pending + consumer.num_ack_pending;
    },
  };
}
