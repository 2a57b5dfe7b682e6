import {
  AuthorizationError,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
} from '@nats-io/transport-node';
import { reasonOf } from '@sputnikjs/messaging/connector';
import { fileBytes, fileText } from '@sputnikjs/messaging/net';
import type { NatsConfig } from '../config.js';
import { greet } from './greeting.js';
import { NatsLink } from './link.js';
import { Outgoing } from './outgoing.js';
import { shakeHands } from './internals.js';
import { tooMuchAtLogin, tooMuchAtOnce } from './too-much.js';
import type { Wire } from './wire.js';

/** After two unanswered pings the library gives a connection up, whoever else looks after it. In milliseconds. */
const PING_MS = 30_000;

/**
 * Connects and logs in; reads the files each time. Rejects with an error that says what to do, or, at an abort, at once with the signal's reason;
 * leaves nothing open then.
 */
export async function openLink(url: string, config: NatsConfig, signal: AbortSignal): Promise<NatsLink> {
  const authenticator = await authenticatorOf(config);
  const opened = await greet(url, config, signal);
  const { socket } = opened;
  let broken: Error | undefined;
  const failed = (error: Error): void => void (broken = error);
  const aborted = (): void => void socket.destroy();
  signal.addEventListener('abort', aborted);
  socket.on('error', failed);
  try {
    signal.throwIfAborted();
    const wire: Wire = { outgoing: new Outgoing(socket), tooMuch: tooMuchAtLogin(socket) };
    const nats = await shakeHands(opened, wire, {
      name: 'sputnik',
      reconnect: false,
      pingInterval: PING_MS,
      noAsyncTraces: true,
      ...(authenticator && { authenticator }),
    });
    wire.tooMuch = tooMuchAtOnce(nats);
    return new NatsLink(url, nats, socket, wire);
  } catch (cause) {
    socket.destroy();
    if (signal.aborted) throw signal.reason;
    const why = broken ?? (cause as Error);
    throw new Error(`cannot connect to ${url}: ${reasonOf(why)}${advice(url, config, why)}`, { cause });
  } finally {
    signal.removeEventListener('abort', aborted);
    socket.off('error', failed);
  }
}

async function authenticatorOf(config: NatsConfig): Promise<Authenticator | undefined> {
  const { username, password, token, credsFile, nkeySeed } = config;
  if (username !== undefined) return usernamePasswordAuthenticator(username, password);
  if (token !== undefined) return tokenAuthenticator(token);
  if (nkeySeed !== undefined) return nkeyAuthenticator(Buffer.from(nkeySeed));
  if (credsFile === undefined) return undefined;
  return credsAuthenticator(fileBytes(credsFile, UNREADABLE));
}

const UNREADABLE = 'cannot read credsFile';

/** Returns what is wrong with the credsFile, if there is one. For the check before the start. */
export async function credsProblems({ credsFile }: NatsConfig): Promise<readonly string[]> {
  if (credsFile === undefined) return [];
  try {
    const text = fileText(credsFile, UNREADABLE);
    const hasBoth = ['NATS USER JWT', 'USER NKEY SEED'].every((part) => text.includes(`-BEGIN ${part}-`));
    return hasBoth ? [] : [`credsFile has no JWT and key, as nsc writes them: ${credsFile}`];
  } catch (error) {
    return [(error as Error).message];
  }
}

function advice(url: string, { username, token, credsFile, nkeySeed }: NatsConfig, cause: Error): string {
  if (credsFile !== undefined) return '; check credsFile';
  if (nkeySeed !== undefined) return '; check nkeySeed';
  if (!(cause instanceof AuthorizationError))
    return url.startsWith('tls:') ? '; does it require a client certificate?' : '';
  if (username !== undefined) return '; check username and password';
  if (token !== undefined) return '; check token';
  return '; it requires username and password, token, credsFile or nkeySeed';
}
