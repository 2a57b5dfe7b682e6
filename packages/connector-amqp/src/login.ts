import { isIP } from 'node:net';
import type { Logger } from '@sputnikjs/core';
import { reasonOf } from '@sputnikjs/messaging/connector';
import { readTls } from '@sputnikjs/messaging/net';
import type { ConnectionOptions } from 'rabbitmq-client';
import { MAX_FRAME, NOT_AMQP } from './check-frames.js';
import { AMQP_URLS, type AmqpConfig } from './config.js';
import { AmqpLink } from './link.js';

/**
 * When neither side has anything to say, it says so twice within this time; a server that has said nothing for twice as long is taken for
 * dead, whoever else looks after it. In seconds.
 */
const HEARTBEAT_S = 10;

/**
 * Connects and logs in; files are read each time. Rejects with what to do about it, or, at once and with nothing left behind, with the
 * reason of the signal.
 */
export async function openLink(
  url: string,
  config: AmqpConfig,
  log: Logger | undefined,
  signal: AbortSignal,
): Promise<AmqpLink> {
  const options = await optionsOf(url, config);
  signal.throwIfAborted();
  const link = new AmqpLink(url, options, config.maxMessageBytes, log);
  const aborted = (): void => link.end(signal.reason as Error);
  signal.addEventListener('abort', aborted);
  try {
    await link.open();
    return link;
  } catch (error) {
    link.end(error as Error);
    throw signal.aborted ? signal.reason : explained(url, config, link.over?.cause as NodeJS.ErrnoException);
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}

async function optionsOf(url: string, config: AmqpConfig): Promise<ConnectionOptions> {
  const { vhost, username = 'guest', password = 'guest', servername } = config;
  const { host, port, tls } = AMQP_URLS.addressOf(url);
  const name = servername ?? (isIP(host) === 0 ? host : undefined);
  return {
    hostname: host,
    port,
    vhost,
    username,
    password,
    heartbeat: HEARTBEAT_S,
    frameMax: MAX_FRAME,
    // sputnik's attempts have a deadline
    connectionTimeout: 0,
    ...(tls && { tls: { ...(await readTls(config)), ...(name !== undefined && { servername: name }) } }),
  };
}

function explained(url: string, config: AmqpConfig, cause: NodeJS.ErrnoException): Error {
  return new Error(`cannot connect to ${url}: ${reasonOf(cause)}; ${advice(url, config, cause)}`, { cause });
}

function advice(url: string, { username, vhost }: AmqpConfig, { code, message }: NodeJS.ErrnoException): string {
  const as = username === undefined ? 'guest, the default' : username;
  if (code === 'ACCESS_REFUSED') return `check username (${as}) and password`;
  if (code === 'NOT_ALLOWED') return `check vhost (${vhost}), and whether the user (${as}) may use it`;
  if (code === 'ECONNREFUSED') return 'is the server running, and is the port right?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is the host right, and does name resolution work?';
  if (message === NOT_AMQP) return 'is the url right?';
  if (url.startsWith('amqps:')) return 'are caFile, certFile, keyFile and servername right, and is this a TLS port?';
  return /closed|ECONNRESET/.test(message) ? 'is this its port for AMQP, without TLS?' : 'is the url right?';
}
