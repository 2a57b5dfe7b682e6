import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { folder } from './support.js';

/** A configuration folder with those of satellites inside it, by their names; the outermost has none. */
export function nestedFolder(
  t: TestContext,
  satellites: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): string {
  const cf = folder(t);
  for (const [satellite, files] of Object.entries(satellites)) {
    mkdirSync(join(cf, satellite), { recursive: true });
    for (const [file, value] of Object.entries(files)) writeFileSync(join(cf, satellite, file), JSON.stringify(value));
  }
  return cf;
}
