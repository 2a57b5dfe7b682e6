import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chain } from './text.js';

/** What a module exports, or why it cannot be had. */
export type Loaded = { readonly exported: readonly unknown[] } | { readonly problem: string };

/**
 * Imports the module that a configuration names: a file, relative to `folder`, or a package, looked up from `folder`, then
 * from the program that runs, then from this package.
 */
export async function loadModule(specifier: string, folder: string): Promise<Loaded> {
  const url = locate(specifier, folder);
  if (url === undefined) {
    const places = isFile(specifier) ? resolve(folder, specifier) : `node_modules of ${resolve(folder)} and of the program`;
    return { problem: `module "${specifier}" not found (looked in ${places})` };
  }
  try {
    const namespace = (await import(url)) as Readonly<Record<string, unknown>>;
    return { exported: [...new Set(Object.values(namespace))] };
  } catch (error) {
    return { problem: `module "${specifier}" cannot be loaded: ${chain(error)}` };
  }
}

function isFile(specifier: string): boolean {
  return isAbsolute(specifier) || /^\.\.?\//.test(specifier);
}

function locate(specifier: string, folder: string): string | undefined {
  const program = process.argv[1];
  const bases = isFile(specifier) || program === undefined ? [folder] : [folder, resolve(program, '..')];
  for (const base of bases) {
    try {
      const path = createRequire(join(resolve(base), 'base.js')).resolve(specifier);
      if (isAbsolute(path)) return pathToFileURL(path).href;
    } catch {
      // not to be had from here: look in the next place
    }
  }
  try {
    // also finds packages that can be imported but not required
    return isFile(specifier) ? undefined : import.meta.resolve(specifier);
  } catch {
    return undefined;
  }
}
