/**
 * How far a request came that has no answer: it waited for a connection, or for that to be made, and nothing was sent; or it was sent, and may
 * have been handled.
 */
export type Stage = 'waiting' | 'connecting' | 'sent';

/**
 * A request over HTTP has no answer; the message says why.
 *
 * @example
 * import { NoAnswer } from '@sputnikjs/messaging/net';
 * const error = new NoAnswer(new Error('connect ECONNREFUSED'), 'connecting', 'new');
 * console.log(error.message, error.stage); // connect ECONNREFUSED connecting
 */
export class NoAnswer extends Error {
  readonly stage: Stage;
  /** A `stale` connection had been kept, and its server closed it while the request was on its way there. */
  readonly connection: 'new' | 'kept' | 'stale';

  constructor(cause: unknown, stage: Stage, connection: 'new' | 'kept') {
    super(reasonOf(cause), { cause });
    this.stage = stage;
    const { code = '' } = Object(cause) as NodeJS.ErrnoException;
    this.connection = connection === 'kept' && ['ECONNRESET', 'EPIPE'].includes(code) ? 'stale' : connection;
  }
}

/** Several addresses of one host may have failed, each in its way. */
function reasonOf(error: unknown): string {
  const errors = error instanceof AggregateError && error.errors.length > 0 ? (error.errors as unknown[]) : [error];
  return errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
}
