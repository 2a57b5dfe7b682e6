import { openSocket, reasonOf } from '@sputnikjs/messaging/connector';
import { NOT_REDIS } from './answer-bounds.js';
import { Client } from './client.js';
import { REDIS_URLS, type RedisConfig } from './config.js';
import { isPassing } from './server-error.js';

/** A client that the server has let in. */
export interface Login {
  readonly client: Client;
  /** How the server knows the connection. */
  readonly id: string;
  /** What the server calls itself, with its version. */
  readonly product: string;
}

/** Connects. Rejects with what to do about it, or, at once and with the connection closed, with the reason of the signal. */
export async function login(config: RedisConfig, signal: AbortSignal): Promise<Login> {
  const client = new Client(await openSocket(REDIS_URLS.addressOf(config.url), config, signal), config.maxAnswerBytes);
  const aborted = (): void => client.end(signal.reason as Error);
  signal.addEventListener('abort', aborted);
  try {
    signal.throwIfAborted();
    await client.ready();
    const about = await introduce(client, config);
    client.trust();
    return { client, ...about };
  } catch (error) {
    client.end(error as Error);
    throw signal.aborted ? signal.reason : explained(config.url, error as Error);
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}

async function introduce(
  client: Client,
  { username = 'default', password, database }: RedisConfig,
): Promise<Omit<Login, 'client'>> {
  const auth = password === undefined ? [] : ['AUTH', username, password];
  const about = await client.call('HELLO', '2', ...auth);
  // guard: what answers HELLO by no list ends the attempt
  if (!Array.isArray(about)) throw new Error(NOT_REDIS);
  const property = (name: string): string => {
    const at = about.findIndex((value: unknown, i) => i % 2 === 0 && String(value) === name);
    return at < 0 ? '' : String(about[at + 1]);
  };
  const role = property('role') || property('mode');
  if (role !== 'master')
    throw new Error(`the server is a ${role}, which takes no messages; give the url of the primary`);
  if (database !== 0) await client.call('SELECT', `${database}`);
  // all the rest a server grants that is still loading its data
  await client.call('PING').catch((error: unknown) => {
    if (!isPassing(error)) throw error;
  });
  return { id: property('id'), product: `${property('server')} ${property('version')}` };
}

function explained(url: string, cause: Error): Error {
  const advice: readonly (readonly [RegExp, string])[] = [
    [
      /closed the connection|ECONNRESET/,
      url.startsWith('redis:') ? '; does it require TLS (rediss://)?' : '; does it require a client certificate?',
    ],
    [/^ERR unknown command/, '; Redis 6.2, or later, is needed'],
    [/^ERR DB index/, '; is "database" right?'],
  ];
  const [, hint = ''] = advice.find(([pattern]) => pattern.test(cause.message)) ?? [];
  return new Error(`cannot connect to ${url}: ${reasonOf(cause)}${hint}`, { cause });
}
