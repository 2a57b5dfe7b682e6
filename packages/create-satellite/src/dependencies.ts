import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UsageError } from './usage.js';

/** Whether the packages of this release are on npm. Until then their names could be anybody's there. */
const ARE_PUBLISHED: boolean = false;
const OURS = '@sputnikjs/';

type Versions = Readonly<Record<string, string>>;

/** What a satellite depends on. */
export interface Dependencies {
  readonly dependencies: Versions;
  readonly devDependencies: Versions;
  /** Files to copy to its folder `vendor`. */
  readonly tarballs?: readonly string[];
}

/** Everything from the registry. Throws a UsageError while our packages are not there. */
export function fromRegistry(template: Dependencies): Dependencies {
  if (ARE_PUBLISHED) return released(template);
  throw new UsageError(
    "the packages of Sputnik are not on npm yet, and somebody else's could be installed in their place; make tarballs with" +
      ' `npm run pack` in the repository, and give their folder: --packages DIR',
  );
}

/** With the version of ours that was released together with this. */
function released({ dependencies, devDependencies }: Dependencies): Dependencies {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest;
  const ofRelease = (all: Versions): Versions =>
    Object.fromEntries(Object.entries(all).map(([name, wanted]) => [name, name.startsWith(OURS) ? version : wanted]));
  return { dependencies: ofRelease(dependencies), devDependencies: ofRelease(devDependencies) };
}

/** What is read of a tarball. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Versions;
}

/**
 * Our packages from tarballs in a folder, and those that they need of ours, each named as a dependency of its own, so that npm looks
 * for none of them in the registry. Throws a UsageError if one is missing, or there twice.
 */
export function fromTarballs(folder: string, template: Dependencies): Dependencies {
  const found = read(folder);
  const forProduction = closure(Object.keys(template.dependencies), found, folder);
  const forTests = closure(Object.keys(template.devDependencies), found, folder).filter(
    (name) => !forProduction.includes(name),
  );
  const versions = (names: readonly string[], all: Versions): Versions => {
    const others = Object.entries(all).filter(([name]) => !name.startsWith(OURS));
    const ours = names.map((name) => [name, `file:vendor/${basename(found.get(name)!.file)}`] as const);
    return Object.fromEntries([...ours, ...others].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  };
  return {
    dependencies: versions(forProduction, template.dependencies),
    devDependencies: versions(forTests, template.devDependencies),
    tarballs: [...forProduction, ...forTests].map((name) => found.get(name)!.file),
  };
}

type Found = ReadonlyMap<string, { readonly file: string; readonly manifest: Manifest }>;

function read(folder: string): Found {
  const found = new Map<string, { file: string; manifest: Manifest }>();
  for (const entry of entriesOf(folder).filter((name) => name.endsWith('.tgz'))) {
    const file = join(folder, entry);
    const manifest = JSON.parse(
      execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }),
    ) as Manifest;
    const other = found.get(manifest.name);
    if (other)
      throw new UsageError(`${manifest.name} is in ${folder} twice, ${basename(other.file)} and ${entry}; keep one`);
    found.set(manifest.name, { file, manifest });
  }
  return found;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new UsageError(`--packages ${folder}: ${(error as Error).message}`, { cause: error });
  }
}

/** Those of ours among the names, and all that these need. */
function closure(names: readonly string[], found: Found, folder: string): string[] {
  const needed = new Set(names.filter((name) => name.startsWith(OURS)));
  for (const name of needed) {
    const manifest = found.get(name)?.manifest;
    if (!manifest)
      throw new UsageError(`${folder} has no tarball of ${name}; \`npm run pack\` in the repository makes all`);
    for (const other of Object.keys(manifest.dependencies ?? {})) if (other.startsWith(OURS)) needed.add(other);
  }
  return [...needed];
}
