import type { TestContext } from 'node:test';
import { systemClock, type Logger } from '@sputnikjs/core';
import type { ProduceMessage } from '@sputnikjs/messaging';
import type { Reading } from '../dist/access/tokens.js';
import { OPEN } from '../dist/access/access.js';
import { accepted, type Answer } from '../dist/answer/answers.js';
import { Listener, type Limits, type ListenerOptions } from '../dist/listener.js';

const { signal: never } = new AbortController();

export const nothing = (): void => undefined;
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What reads files as a block does that is never finished. */
export const reading = (log: Logger): Reading => ({ log, signal: never });

const long = 60_000;
/** Clients may take as long as they like. */
export const PATIENT: Limits = {
  headersMs: long,
  requestMs: long,
  checkMs: 50,
  lingerMs: long,
  maxBodyBytes: 100_000,
  maxHeldBytes: 100_000_000,
  minBodyBytesPerSecond: 0,
  maxHeaderBytes: 16_384,
  maxConnections: 10_000,
  maxBatchItems: 1000,
  batchWindow: 10,
};

interface Changes extends Partial<Omit<ListenerOptions, 'limits'>> {
  readonly limits?: Partial<Limits>;
}

/** A listener on a free port that takes everything, and what it took. */
export async function listen(t: TestContext, { limits, ...changes }: Changes = {}) {
  const messages: ProduceMessage[] = [];
  const produce = async (message: ProduceMessage, _: string, onSettled: () => void): Promise<Answer> => {
    messages.push(message);
    onSettled();
    return accepted(message.target);
  };
  const base = {
    host: '127.0.0.1',
    port: 0,
    access: OPEN,
    document: {},
    log: silent,
    clock: systemClock,
    produce,
    landingSoon: never,
  };
  const listener = new Listener({ ...base, ...changes, limits: { ...PATIENT, ...limits } });
  const { port } = await listener.open();
  t.after(() => listener.close());
  return { listener, messages, port, url: `${changes.certificate ? 'https' : 'http'}://127.0.0.1:${port}` };
}

/** A promise that the test opens. */
export function gate<T>() {
  let open: (value: T) => void = nothing;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}
