import type {
  BlockDescriptor,
  BlockStatus,
  Failure,
  LandingCause,
  LandingReport,
  SputnikEvent,
  Unfinished,
} from '@sputnikjs/core';
import { codeOf, errorFields } from './error-fields.js';
import { blockTitle, chain } from '../text.js';

/** A line of the log. `event` and `code` are stable. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: { readonly event: string; readonly [field: string]: unknown };
  readonly text: string;
  /** The error it is about, if its stacks are for debugging only. */
  readonly cause?: unknown;
}

/** What is known beside an event. */
export interface Facts {
  /** The blocks at this instant. */
  readonly blocks?: readonly BlockStatus[] | undefined;
  /** Where the server is. */
  readonly url?: string | undefined;
  /** How long there was no server, in milliseconds. */
  readonly awayMs?: number | undefined;
}

/** Which events are repetitions of each other, where such may come in numbers. */
export function kindOf(event: SputnikEvent): string | undefined {
  switch (event.type) {
    case 'connecting':
    case 'connectOverdue':
      return event.type;
    case 'connectFailed':
      return `${event.type} ${codeOf(event.error)}`;
    case 'failed':
      return `${event.type} ${event.block.responsibility} ${event.callback} ${codeOf(event.error)}`;
    case 'dropped':
      return `${event.type} ${event.block.responsibility}`;
    default:
      return undefined;
  }
}

/** What is logged of an event. */
export function record(event: SputnikEvent, { blocks = [], url, awayMs }: Facts = {}): LogRecord {
  const { type } = event;
  const info = (text: string, fields: object = {}): LogRecord => ({
    level: 'info',
    fields: { event: type, ...fields },
    text,
  });
  const warn = (text: string, fields: object = {}): LogRecord => ({ ...info(text, fields), level: 'warn' });
  switch (event.type) {
    case 'initializing':
    case 'initialized':
    case 'finishing':
    case 'finished':
      return info(`${type} ${blockTitle(event.block)}`, { block: event.block.responsibility });
    case 'launching':
    case 'launched':
      return info(type);
    case 'connecting':
      return info(`connecting to the server, attempt ${event.attempt}`, { attempt: event.attempt });
    case 'connected': {
      const held = heldBy(blocks);
      const fields = { attempt: event.attempt, url, ...(awayMs !== undefined && { awayMs: Math.round(awayMs), held }) };
      const after = awayMs === undefined ? '' : ` after ${seconds(awayMs)} without it; ${plural(held, 'message')} held`;
      return info(`connected to ${url ?? 'the server'}${after}`, fields);
    }
    case 'connectFailed': {
      const { attempt, error, retryInMs } = event;
      const fields = {
        attempt,
        retryInMs: retryInMs === undefined ? undefined : Math.round(retryInMs),
        ...errorFields(error, 'bugs'),
      };
      const why = chain(error);
      const text = /^(cannot|the server) /.test(why) ? why : `cannot connect: ${why}`;
      const next = retryInMs === undefined ? '' : ` (next attempt in ${seconds(retryInMs)})`;
      return { ...warn(`${text}${next}`, fields), cause: error };
    }
    case 'connectOverdue':
      return warn('the attempt to connect missed its deadline', { attempt: event.attempt });
    case 'disconnected': {
      const why = chain(event.reason);
      // ours says so already
      const text = codeOf(event.reason) === 'CONNECTION_LOST' ? why : `the connection to the server is lost: ${why}`;
      return { ...warn(text, errorFields(event.reason, 'bugs')), cause: event.reason };
    }
    case 'failed':
      return failedRecord(event);
    case 'dropped':
      return warn(`${blockTitle(event.block)} dropped ${plural(event.count, 'message')}`, {
        block: event.block.responsibility,
        count: event.count,
      });
    case 'landing': {
      const { kind, block, reason } = event.cause;
      const because = causeText(event.cause);
      return info(`landing: ${because}`, {
        cause: kind,
        block: block?.responsibility,
        reason: reason === undefined ? undefined : because,
      });
    }
    case 'waiting':
      return warn(`the landing waits for ${places(event.for).join(', ')}${circleText(event.circle)}`, {
        for: places(event.for),
      });
    case 'landed':
      return landedRecord(event.report, blocks);
    default:
      return event satisfies never;
  }
}

function failedRecord(event: Extract<SputnikEvent, { type: 'failed' }>): LogRecord {
  const { block, callback, error, decision } = event;
  return {
    level: 'error',
    fields: { event: event.type, block: block.responsibility, callback, decision, ...errorFields(error, 'unexpected') },
    text: `${blockTitle(block)} failed in ${callback}: ${chain(error)}`,
  };
}

function landedRecord(report: LandingReport, blocks: readonly BlockStatus[]): LogRecord {
  const { cause, clean, tookMs, unfinished, failures, dropped } = report;
  const reason = causeText(cause);
  const left = [
    ...failures.map(
      (failure) =>
        `${places([failure])[0]} failed${failure.count > 1 ? ` ${failure.count} times` : ''}: ${chain(failure.error)}`,
    ),
    ...places(unfinished).map((place) => `${place} did not end`),
    ...dropped.map(({ block, count }) => `${blockTitle(block)} dropped ${plural(count, 'message')}`),
  ];
  return {
    level: clean ? 'info' : 'error',
    fields: {
      event: 'landed',
      cause: cause.kind,
      reason,
      clean,
      tookMs: Math.round(tookMs),
      unfinished: places(unfinished),
      failures: failures.map((failure) => ({
        place: places([failure])[0],
        count: failure.count,
        ...errorFields(failure.error, 'bugs'),
      })),
      dropped: Object.fromEntries(dropped.map(({ block, count }) => [block.responsibility, count])),
      blocks: counts(blocks),
    },
    text: `landed after ${reason} in ${Math.round(tookMs)} ms, ${clean ? 'clean' : `not clean: ${left.join('; ')}`}`,
  };
}

/** What went through the blocks that take messages. */
function counts(blocks: readonly BlockStatus[]): object {
  const busy = blocks.filter(({ accepted, rejected }) => accepted + rejected > 0);
  return Object.fromEntries(
    busy.map(({ responsibility, accepted, rejected, handled, failed, dropped }) => [
      responsibility,
      { accepted, rejected, handled, failed, dropped },
    ]),
  );
}

type Counts = Pick<BlockStatus, 'accepted' | 'handled' | 'failed' | 'dropped'>;

/** Messages that were accepted and have had no outcome yet. */
export function heldBy(blocks: readonly Counts[]): number {
  return blocks.reduce((sum, { accepted, handled, failed, dropped }) => sum + accepted - handled - failed - dropped, 0);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Why a satellite lands. */
export function causeText({ kind, reason }: LandingCause): string {
  return reason === undefined ? kind : chain(reason);
}

/** Callbacks, each as `block.callback`. */
export function places(failures: readonly (Failure | Unfinished)[]): readonly string[] {
  return failures.map(({ block, callback }) => `${block.responsibility}.${callback}`);
}

/** Which blocks wait for each other, if any do. */
function circleText(circle: readonly BlockDescriptor[]): string {
  if (circle.length === 0) return '';
  return `; blocks ask each other in a circle: ${[...circle, ...circle.slice(0, 1)].map(({ responsibility }) => responsibility).join(' → ')}`;
}
