// The packages of the workspace that are published: every member that is not private.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** A JSON file, by its path from the root. */
export const json = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

function foldersOf(pattern) {
  if (!pattern.endsWith('/*')) return [pattern];
  const parent = pattern.slice(0, -2);
  const entries = readdirSync(join(ROOT, parent), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${parent}/${name}`);
}

/** Folder from the root and manifest of each. */
export const PACKAGES = json('package.json')
  .workspaces.flatMap(foldersOf)
  .filter((folder) => existsSync(join(ROOT, folder, 'package.json')))
  .map((folder) => ({ folder, manifest: json(`${folder}/package.json`) }))
  .filter(({ manifest }) => !manifest.private);
