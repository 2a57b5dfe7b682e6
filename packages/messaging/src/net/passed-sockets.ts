import { lookup } from 'node:dns/promises';
import { readlinkSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { placeOf } from './address.js';
import { canonical, kernelSockets, type KernelSocket } from './kernel-sockets.js';

/** The first descriptor that a service manager passes, and the most that we look at. */
const [FIRST, MOST] = [3, 1_024];

/** What a log says of a listener whose socket was passed, after where it listens. */
export const PASSED = '; the service manager has passed the socket';

/** A place to listen at: an address and a port, or the path of a Unix socket for streams. */
export type ListenAt =
  | { readonly protocol: 'tcp' | 'udp'; readonly host: string; readonly port: number }
  | { readonly protocol: 'unix'; readonly path: string };

/** A descriptor that the service manager has passed. */
interface Passed {
  readonly fd: number;
  /** What the kernel says of it; undefined where nobody can listen with it. */
  readonly socket: KernelSocket | undefined;
  /** What it is, for people. */
  readonly words: string;
}

/** Those that nobody has taken. Descriptors are of the whole process, and so is this. Undefined until somebody asks. */
let unused: readonly Passed[] | undefined;

/**
 * The descriptor of a socket that the service manager has passed for this place (`LISTEN_FDS`, socket activation): one that listens at this
 * address and port, or path. Each is given once. Undefined if there is none: then listen as usual.
 *
 * @example
 * import { passedSocket } from '@sputnikjs/messaging/net';
 * console.log(await passedSocket({ protocol: 'tcp', host: '127.0.0.1', port: 514 })); // undefined
 */
export async function passedSocket(place: ListenAt): Promise<number | undefined> {
  unused ??= readPassed(process.env);
  if (unused.length === 0) return undefined;
  const wanted = place.protocol === 'unix' ? resolve(place.path) : placeOf(await addressOf(place));
  const found = unused.find(({ socket }) => socket?.protocol === place.protocol && textOf(socket) === wanted);
  // guard: a passed socket is given once
  unused = unused.filter((one) => one !== found);
  return found?.fd;
}

/**
 * What the service manager has passed and nobody has taken, each in words.
 *
 * @example
 * import { unusedSockets } from '@sputnikjs/messaging/net';
 * console.log(unusedSockets()); // []
 */
export function unusedSockets(): readonly string[] {
  unused ??= readPassed(process.env);
  return unused.map(({ words }) => words);
}

/**
 * Ends an error about a place where nobody can listen: names the sockets that were passed and not taken, since one of them may be meant, and the
 * configured place wrong. Empty if all were taken.
 *
 * @example
 * import { passedHint } from '@sputnikjs/messaging/net';
 * console.log(passedHint() === ''); // true
 */
export function passedHint(): string {
  const passed = unusedSockets();
  return passed.length === 0
    ? ''
    : `. The service manager has passed ${passed.join('; ')}. To use such a socket, configure its address`;
}

/** See sd_listen_fds(3). Node has marked what it inherits as closed on exec: children do not get it. */
function readPassed({ LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = '' }: NodeJS.ProcessEnv): readonly Passed[] {
  const count = Number(LISTEN_FDS ?? 0);
  if (LISTEN_PID === undefined || !Number.isInteger(count) || count <= 0) return [];
  // guard: descriptors for another process are not ours
  if (LISTEN_PID !== `${process.pid}`) {
    const words = `sockets to process ${LISTEN_PID}, which is not this one (${process.pid}): start node itself in ExecStart, not npm or a shell`;
    return [{ fd: -1, socket: undefined, words }];
  }
  const names = LISTEN_FDNAMES.split(':');
  const sockets = kernelSockets();
  return Array.from({ length: Math.min(count, MOST) }, (_, index) => {
    const fd = FIRST + index;
    const socket = sockets.get(inodeOf(fd));
    const name = names[index] ?? '';
    const words = `${socket ? wordsOf(socket) : `descriptor ${fd}, which is no socket of this network`}${name === '' ? '' : ` (${name})`}`;
    return { fd, socket: socket?.listens ? socket : undefined, words };
  });
}

function inodeOf(fd: number): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? '';
  } catch {
    // it is not open
    return '';
  }
}

function textOf(socket: KernelSocket): string {
  return socket.protocol === 'unix' ? socket.path : placeOf(socket);
}

function wordsOf(socket: KernelSocket): string {
  const { protocol, listens } = socket;
  const what = protocol === 'unix' ? 'the Unix socket' : protocol.toUpperCase();
  const why = protocol === 'unix' ? 'is not for streams' : 'is a connection: set Accept=no';
  return `${what} ${textOf(socket)}${listens ? '' : `, which ${why}`}`;
}

async function addressOf({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Promise<{ address: string; port: number }> {
  const found = isIP(host) > 0 ? undefined : await lookup(host).catch(() => undefined);
  return { address: canonical(found?.address ?? host), port };
}
