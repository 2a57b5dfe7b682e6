import { z } from 'zod';
import { reloadLines, type Reloaded } from '../folder/reloaded.js';
import { EXIT } from '../run/exit-code.js';
import { textOf } from '../text.js';
import { answerAs, fetchAdmin, refusal, type AdminAddress } from './admin-client.js';
import { jsonLines } from './layout.js';

/** What `reload` takes. */
export interface ReloadOptions extends AdminAddress {
  readonly json?: boolean | undefined;
}

const change = z.strictObject({
  block: z.string(),
  key: z.string(),
  source: z.string(),
  was: z.unknown().optional(),
  is: z.unknown().optional(),
});
const RELOADED: z.ZodType<Reloaded> = z.strictObject({
  problems: z.array(z.string()),
  applied: z.array(change),
  files: z.array(
    z.strictObject({
      block: z.string(),
      key: z.string(),
      path: z.string(),
      state: z.enum(['in use', 'not read yet']),
    }),
  ),
  restart: z.array(change),
  unchanged: z.int().min(0),
});

/** Makes a running satellite reload, and writes the result. Resolves with the exit code: 0, or 78 if the folder has problems. */
export async function reload(options: ReloadOptions): Promise<number> {
  try {
    const { status, body } = await fetchAdmin(options, { method: 'POST', path: '/reload' });
    if (status !== 200 && status !== 422) throw refusal(options, status, body);
    const reloaded = answerAs(options, body, RELOADED);
    const isRefused = reloaded.problems.length > 0;
    if (options.json) process.stdout.write(`${jsonLines(reloaded)}\n`);
    else for (const { text } of reloadLines(reloaded)) process[isRefused ? 'stderr' : 'stdout'].write(`${text}\n`);
    return isRefused ? EXIT.badConfig : EXIT.clean;
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`);
    return EXIT.failure;
  }
}
