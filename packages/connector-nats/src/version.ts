import { readFileSync } from 'node:fs';

/** The version of this package. Here at the top the path of its manifest is the same in the bundle that ships. */
export function versionOfPackage(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
