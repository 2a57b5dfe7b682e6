import { reloadLines, type Reloaded } from '../folder/reloaded.js';
import { EXIT } from '../run/exit-code.js';
import { textOf } from '../text.js';
import { fetchAdmin, refusal, type AdminAddress } from './admin-client.js';

/** What `reload` takes. */
export interface ReloadOptions extends AdminAddress {
  readonly json?: boolean | undefined;
}

/** Makes a running satellite reload, and writes the result. Resolves with the exit code: 0, or 78 if the folder has problems. */
export async function reload(options: ReloadOptions): Promise<number> {
  try {
    const { status, body } = await fetchAdmin(options, { method: 'POST', path: '/reload' });
    if (status !== 200 && status !== 422) throw refusal(options, status, body);
    const reloaded = JSON.parse(body) as Reloaded;
    const isRefused = reloaded.problems.length > 0;
    if (options.json) process.stdout.write(`${JSON.stringify(reloaded, undefined, 2)}\n`);
    else for (const { text } of reloadLines(reloaded)) process[isRefused ? 'stderr' : 'stdout'].write(`${text}\n`);
    return isRefused ? EXIT.badConfig : EXIT.clean;
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`);
    return EXIT.failure;
  }
}
