import { EXIT } from '../run/exit-code.js';
import { textOf } from '../text.js';
import { fetchStatus, type AdminAddress } from './admin-client.js';
import { jsonLines, lineWidth } from './layout.js';
import { statusLines } from './status-lines.js';

/** What `status` takes. */
export interface StatusOptions extends AdminAddress {
  readonly json?: boolean | undefined;
}

/** Whether standard output is a terminal that shows colours. */
export function coloursOf({ isTTY }: { readonly isTTY?: boolean }): 'on' | 'off' {
  return isTTY && process.env['NO_COLOR'] === undefined ? 'on' : 'off';
}

/** Writes the state of a running satellite. Resolves with the exit code: 0 if it is ready. */
export async function status(options: StatusOptions): Promise<number> {
  try {
    const now = await fetchStatus(options);
    const drawing = { width: lineWidth(), colours: coloursOf(process.stdout), sort: 'boot', filter: '' } as const;
    const text = options.json ? jsonLines(now) : statusLines(now, drawing).join('\n');
    process.stdout.write(`${text}\n`);
    return now.ready.ok ? EXIT.clean : EXIT.failure;
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`);
    return EXIT.failure;
  }
}
