// The members of the workspace, those that are published (all that are not private), and their files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
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

/** Folder from the root and manifest of each member. */
export const MEMBERS = json('package.json')
  .workspaces.flatMap(foldersOf)
  .filter((folder) => existsSync(join(ROOT, folder, 'package.json')))
  .map((folder) => ({ folder, manifest: json(`${folder}/package.json`) }));

/** Those that are published. */
export const PACKAGES = MEMBERS.filter(({ manifest }) => !manifest.private);

/** All files below a folder, by their paths from the root, in order; none if there is no such folder. */
export function filesBelow(folder) {
  if (!existsSync(join(ROOT, folder))) return [];
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)));
  return files.map((file) => file.replaceAll(sep, '/')).toSorted();
}
