import { duration, plural } from './durations.js';
import type { Status } from './status.js';

/** Messages that wait for longer are mentioned. */
const LONG_MS = 1_000;

type Said = Pick<
  Status,
  'satellite' | 'server' | 'satellites' | 'landing' | 'held' | 'oldestMs' | 'lost' | 'blocks' | 'bottleneck' | 'now'
>;

/** The state of a satellite, in plain sentences for the person on call. */
export function summaryOf(status: Said): string {
  return [flight(status), server(status), ...nested(status), ...bottleneck(status), lossText(status.lost)].join(' ');
}

const since = (time: string, { now }: Said): string => duration(Date.parse(now) - Date.parse(time));

function flight(status: Said): string {
  const { satellite, landing, blocks, held } = status;
  const { state } = satellite;
  if (state === 'landed') return `Landed, ${landing?.clean ? 'clean' : 'not clean'}, after ${landing?.cause}.`;
  if (landing) {
    const waits = landing.waitsFor.length > 0 ? `; waits for ${landing.waitsFor.join(', ')}` : '';
    const left = held > 0 ? `, ${plural(held, 'message')} left` : '';
    return `Landing for ${since(landing.since, status)} after ${landing.cause}${left}${waits}.`;
  }
  if (state === 'flying') return `Flying for ${since(satellite.since, status)}.`;
  const now = blocks.find((block) => block.state === 'initializing');
  return `Starting for ${since(satellite.since, status)}${now ? `: initialises ${now.responsibility}` : ''}.`;
}

function server(status: Said): string {
  const { server, held, oldestMs, landing, bottleneck } = status;
  const text = serverText(server, `for ${since(server.since, status)}`);
  const waits = `${plural(held, 'message')} ${held === 1 ? 'waits' : 'wait'}`;
  if (server.away && held > 0 && !landing) return `${text} ${waits} for it.`;
  // in a landing, and where there is a bottleneck, it is said elsewhere
  const isSlow = server.state === 'connected' && !landing && bottleneck === undefined && oldestMs > LONG_MS;
  return isSlow ? `${text} ${waits}, the oldest for ${duration(oldestMs)}.` : text;
}

/** Sentences about nested satellites with a problem. */
function nested(status: Said): readonly string[] {
  const { satellites, landing } = status;
  if (landing) return [];
  return satellites.flatMap(({ path, state, problem, server: own }) => [
    ...(state === 'failed' ? [`${path} has failed, and restarts.`] : []),
    ...(problem === undefined ? [] : [`${path}: ${problem}.`]),
    ...(state === 'absent' ? [`No process runs ${path}.`] : []),
    ...(own?.away === true ? [`The server of ${path} has been away for ${since(own.since, status)}.`] : []),
  ]);
}

/** The state of the server connection, which has lasted for `long`. */
export function serverText(
  { state, away, history }: Pick<Status['server'], 'state' | 'away' | 'history'>,
  long: string,
): string {
  if (state === 'none') return 'It has no server.';
  // it connects when all blocks are initialised (S1)
  if (state === 'idle') return 'It has not tried to connect to its server yet.';
  if (state === 'connected') return `Server connected ${long}.`;
  if (!away) return 'It connects to its server for the first time.';
  const [last] = history;
  const why = last === undefined ? '' : `: ${last.text}`;
  return `Server away ${long}${why}${/[.?!]$/.test(why) ? '' : '.'}`;
}

/** The sentence about the bottleneck, unless that is the server, which has its own sentence. */
function bottleneck({ bottleneck: name, blocks }: Said): readonly string[] {
  const block = blocks.find(({ responsibility }) => responsibility === name);
  return block === undefined
    ? []
    : [
        `${block.responsibility} is the bottleneck: ${plural(block.depth, 'message')} ${block.depth === 1 ? 'waits' : 'wait'} there.`,
      ];
}

/** How many messages were lost, and where. */
export function lossText({ total, places }: Status['lost']): string {
  if (total === 0) return '0 lost.';
  const named = places.map(({ block, how, count }) => `${count.toLocaleString('en')} ${how} in ${block}`);
  return `${total.toLocaleString('en')} lost: ${named.join(', ')}.`;
}
