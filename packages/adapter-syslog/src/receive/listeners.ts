import { lookup } from 'node:dns/promises';
import type { BlockContext } from '@sputnikjs/core';
import { fileShortage, PASSED, ProblemLog, readableByAll, type Address } from '@sputnikjs/messaging/net';
import { noCounts } from './counts.js';
import type { Intake, Listener, Reception } from './intake.js';
import type { ListenerConfig } from './listener-config.js';
import type { ReceiverConfig } from './receiver-config.js';
import { StreamListener } from './stream-listener.js';
import { UdpListener } from './udp-listener.js';

const ATTEMPTS = 20;

/**
 * Opens all configured listeners, and logs where they listen. If one fails, rejects with an error that says what to do, and leaves none open.
 */
export async function openListeners(config: ReceiverConfig, reception: Reception): Promise<readonly Listener[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openAll(config, reception);
    } catch (error) {
      // The free port that the first was given may be in use for the other: another one.
      const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
      const unlucky = config.onePort && config.listeners[0]?.port === 0 && cause?.code === 'EADDRINUSE';
      if (!unlucky || attempt === ATTEMPTS) throw error;
    }
  }
}

async function openAll({ listeners, onePort }: ReceiverConfig, reception: Reception): Promise<readonly Listener[]> {
  const open: (readonly [Listener, Address])[] = [];
  try {
    for (const config of listeners) {
      const listener = await makeListener(config, reception);
      const first = onePort ? open[0]?.[1].port : undefined;
      open.push([listener, await listener.open(first ?? config.port)]);
    }
  } catch (error) {
    await Promise.all(open.map(([listener]) => listener.close()));
    throw error;
  }
  for (const [listener, place] of open) tellPlace(listener.intake, place);
  warnOf(listeners, reception.ctx);
  return open.map(([listener]) => listener);
}

async function makeListener(config: ListenerConfig, reception: Reception): Promise<Listener> {
  const { strict, defaultPri, tag, atSignInHost, zones } = config;
  const options = { timeZone: reception.timeZone, strict, defaultPri, tag, atSignInHost, zones };
  const intake = {
    ...reception,
    config,
    options,
    counts: noCounts(),
    problemLog: new ProblemLog(reception.ctx),
    name: '',
    passed: false,
  };
  if (config.transport === 'unix') return new StreamListener(intake, '');
  const { address } = await lookup(config.host).catch((cause: Error) => {
    throw new Error(`"${config.host}" has no address. Configure another "host" (${cause.message})`, { cause });
  });
  return config.transport === 'udp' ? new UdpListener(intake, address) : new StreamListener(intake, address);
}

function tellPlace({ config, name, passed, ctx }: Intake, { address, port }: Address): void {
  const { transport } = config;
  const place = transport === 'unix' ? { path: address } : { host: address, port };
  const words =
    transport === 'unix'
      ? `at the Unix socket ${address}, for streams`
      : `on ${transport.toUpperCase()} ${address}, port ${port}`;
  const fields = { event: 'listening', protocol: 'syslog', transport, listener: name, ...place, passed };
  ctx.log.info(fields, `listening for syslog ${words}${passed ? PASSED : ''}`);
}

/** Warns of more connections than there are files for, and of secrets that everybody can read. */
function warnOf(listeners: readonly ListenerConfig[], { log }: BlockContext): void {
  const connections = listeners.filter(({ transport }) => transport !== 'udp');
  const most = connections.reduce((sum, { maxConnections }) => sum + maxConnections, 0);
  const shortage = fileShortage(most);
  if (shortage !== undefined) log.warn({ event: 'fewFiles', maxConnections: most }, shortage);
  const files = listeners.flatMap(({ keyFile, passphraseFile }) => [keyFile ?? [], passphraseFile ?? []].flat());
  for (const file of new Set(files)) {
    const text = readableByAll(file);
    if (text !== undefined) log.warn({ event: 'readableSecret', file }, text);
  }
}
