import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

const FOLDER = new URL('../../page/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** By path. */
const FILES: Readonly<Record<string, string>> = {
  '/': 'index.html',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
  '/icon.svg': 'icon.svg',
};

/** A file of the page at `/`. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The file at a path; undefined if there is none. */
export async function pageFile(path: string): Promise<PageFile | undefined> {
  const name = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (name === undefined) return undefined;
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', bytes: await readFile(new URL(name, FOLDER)) };
}
