import type { Logger } from '@sputnikjs/core';

/** A log for the blocks of the nested satellite at `path`: it calls them by their addresses in the outermost one. */
export function logOfBlocks(path: string, log: Logger): Logger {
  if (log.child === undefined) return log;
  const child: Logger['child'] = (bindings) => {
    const { block } = bindings as { readonly block?: unknown };
    const named = typeof block === 'string' ? { ...bindings, block: `${path}/${block}` } : bindings;
    return log.child?.(named) ?? log;
  };
  return { ...each((level) => (fields, text) => log[level](fields, text)), child };
}

/** A log whose lines say that they are of the nested satellite at `path`. */
export function logOfSatellite(path: string, log: Logger): Logger {
  return each((level) => (fields, text) => {
    log[level]({ satellite: path, ...fields }, text === undefined ? text : `${path}: ${text}`);
  });
}

type Level = 'debug' | 'info' | 'warn' | 'error';

function each(write: (level: Level) => Logger[Level]): Pick<Logger, Level> {
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
