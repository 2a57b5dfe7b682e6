import type { Logger } from '@sputnikjs/core';
import { codeOf, errorFields, stackTrace } from './error-fields.js';
import type { RateLimiter } from './rate-limit.js';
import { cutLine, cutName } from '../text.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The log of blocks and connectors. Repeated warnings and errors (same block, event and code) are written once in 5 s, with the number of
 * `suppressed` ones. Lines with a `count` are sums already, and pass. An error in `error` is written as its code and its causes.
 */
export function limitedLog(log: Logger, limiter: RateLimiter, bindings: Fields = {}): Logger {
  const limited =
    (level: 'warn' | 'error') =>
    (fields: object, text?: string): void => {
      const { error, ...rest } = fields as Fields;
      // only what is written is put into words: that of a flood may take more time than all else
      const write = (suppressed?: number): void => {
        const data = { ...short(rest), ...(error !== undefined && errorFields(error, 'bugs', codeIn(rest))) };
        log[level]({ ...data, ...(suppressed !== undefined && { suppressed }) }, text && cutLine(text));
        const stack = error === undefined ? undefined : stackTrace(error);
        if (stack !== undefined)
          log.debug({ event: 'stackTrace', of: rest['event'], stack }, 'where the error came from');
      };
      // guard: warnings of blocks are limited
      if ('count' in rest) write();
      else
        limiter.take([level, bindings['block'], rest['event'] ?? text, rest['code'] ?? codeOf(error)].join(' '), write);
    };
  return {
    debug: (fields, text) => log.debug(fields, text),
    info: (fields, text) => log.info(fields, text),
    warn: limited('warn'),
    error: limited('error'),
    child: (more) => limitedLog(log.child?.(more) ?? log, limiter, { ...bindings, ...more }),
  };
}

/** What a line says of an error without a code. */
function codeIn({ code }: Fields): string | undefined {
  return typeof code === 'string' ? code : undefined;
}

/** Names in fields may be as long as those who chose them like. */
function short(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? cutName(value) : value]),
  );
}
