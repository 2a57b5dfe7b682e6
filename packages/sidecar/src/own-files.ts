// Files of this package. Their paths stand here, at the top, since they are the same in the bundle that ships (decision 19).
import { readFileSync } from 'node:fs';

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

/** The version of this package. */
export const VERSION: string = (JSON.parse(manifest) as { readonly version: string }).version;

/** What the page at `/` consists of, without its scripts. */
export const PAGE: URL = new URL('../page/', import.meta.url);

/** The scripts of the page, as the compiler has written them: checked, and without their comments. */
export const PAGE_SCRIPTS: URL = new URL('./page/', import.meta.url);

/** The program of the thread that watches the loop of the main one. */
export const WATCHER: URL = new URL('./run/watcher.js', import.meta.url);

/** The program of a satellite's thread. */
export const WORKER: URL = new URL('./thread/worker.js', import.meta.url);
