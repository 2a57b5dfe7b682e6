import type { Logger } from '@sputnikjs/core';
import { inside } from '../folder/address-book.js';

/** A log for the blocks of the satellite at `path`: it calls them by their addresses in the outermost one. */
export function nestedLog(path: string, log: Logger): Logger {
  if (log.child === undefined) return log;
  return {
    debug: (fields, text) => log.debug(fields, text),
    info: (fields, text) => log.info(fields, text),
    warn: (fields, text) => log.warn(fields, text),
    error: (fields, text) => log.error(fields, text),
    child(bindings) {
      const { block } = bindings as { readonly block?: unknown };
      const named = typeof block === 'string' ? { ...bindings, block: inside(path, block) } : bindings;
      return log.child?.(named) ?? log;
    },
  };
}
