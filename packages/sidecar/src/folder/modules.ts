import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRecord } from './json-schema.js';
import { chain } from '../text.js';

/** The exports of a module, or why it cannot be loaded. */
export type Loaded = { readonly exported: readonly unknown[] } | { readonly problem: string };

/**
 * Imports the module that a configuration names: a file, relative to `folder`, or a package. A package is looked up from `folder`, then from
 * the program, then from this package.
 */
export async function loadModule(specifier: string, folder: string): Promise<Loaded> {
  const path = locate(specifier, folder);
  if (path === undefined) {
    const places = isFile(specifier)
      ? resolve(folder, specifier)
      : `node_modules of ${resolve(folder)} and of the program`;
    return { problem: `module "${specifier}" not found (looked in ${places})` };
  }
  try {
    const namespace = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
    return { exported: [...new Set(Object.values(namespace))] };
  } catch (error) {
    const isTypeScript =
      (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?ts$/.test(path);
    const advice = isTypeScript ? '; compile it, and name the compiled JavaScript' : '';
    return { problem: `module "${specifier}" cannot be loaded: ${chain(error)}${advice}` };
  }
}

function isFile(specifier: string): boolean {
  return isAbsolute(specifier) || /^\.\.?\//.test(specifier);
}

function locate(specifier: string, folder: string): string | undefined {
  const program = process.argv[1] ?? import.meta.filename;
  const bases = isFile(specifier) ? [join(folder, 'any')] : [join(folder, 'any'), program, import.meta.filename];
  for (const base of bases) {
    const require = createRequire(resolve(base));
    try {
      const path = require.resolve(specifier);
      if (isAbsolute(path)) return path;
    } catch (error) {
      const onlyImported = (error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
      const path = onlyImported ? entryForImport(specifier, require) : undefined;
      if (path !== undefined) return path;
      // otherwise it is not here: look in the next place
    }
  }
  return undefined;
}

/** The main entry of a package that can only be imported: `require.resolve` does not find it. */
function entryForImport(name: string, require: NodeJS.Require): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'));
      const entry = isRecord(manifest) ? forImport(manifest['exports']) : undefined;
      if (entry !== undefined) return join(folder, name, entry);
    } catch {
      // no such package in this folder
    }
  }
  return undefined;
}

/** The target for an import, by the first condition that holds, as Node resolves it. */
function forImport(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (!isRecord(target)) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    const entry = ['.', 'node', 'import', 'default'].includes(condition) ? forImport(inner) : undefined;
    if (entry !== undefined) return entry;
  }
  return undefined;
}
