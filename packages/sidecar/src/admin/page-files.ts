import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { PAGE, PAGE_SCRIPTS } from '../own-files.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file of the page at `/`. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

/**
 * The file at a path; undefined if there is none. The parts of the page at `/` are below `/page/`. Its links are relative, so that a proxy
 * can serve it below any path.
 */
export async function pageFile(path: string): Promise<PageFile | undefined> {
  // guard: nothing outside the folder of the page is read
  const name = path === '/' ? 'index.html' : /^\/page\/([a-z]+\.(?:css|js|svg))$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  const extension = extname(name);
  const bytes = await readFile(new URL(name, extension === '.js' ? PAGE_SCRIPTS : PAGE)).catch(() => undefined);
  return bytes && { type: TYPES[extension] ?? 'application/octet-stream', bytes };
}
