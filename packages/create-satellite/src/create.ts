import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromRegistry, fromTarballs, type Dependencies } from './dependencies.js';
import { UsageError } from './usage.js';

const TEMPLATE = fileURLToPath(new URL('../template/', import.meta.url));
/** The name of the satellite in the template, in files and in their names. */
const NAME_IN_TEMPLATE = 'my-satellite';
/** npm leaves files of these names out of packages, or reads them as its own. */
const DOT_FILES = ['gitignore', 'dockerignore', 'env.example'];
/** What is a name for npm, Kubernetes and systemd alike. */
const NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** What to make. */
export interface Wish {
  /** Where, relative to the working directory. Its last part is the name of the satellite. */
  readonly folder: string;
  /** A folder of tarballs to take our packages from. */
  readonly packages: string | undefined;
}

/** Makes a satellite and returns its path. Throws a UsageError, and changes nothing, if it must not. */
export function create({ folder, packages }: Wish): string {
  const path = resolve(folder);
  const name = basename(path);
  if (!NAME.test(name)) {
    throw new UsageError(`"${name}" cannot be its name: use lower-case letters, digits and hyphens, a letter first`);
  }
  if (existsSync(path) && readdirSync(path).length > 0)
    throw new UsageError(`${path} is not empty; choose another folder`);
  const template = readTemplate();
  const wanted = packages === undefined ? fromRegistry(template) : fromTarballs(resolve(packages), template);
  mkdirSync(path, { recursive: true });
  cpSync(TEMPLATE, path, { recursive: true });
  for (const file of DOT_FILES) renameSync(join(path, file), join(path, `.${file}`));
  for (const file of filesIn(path)) rename(file, name);
  takeIn(path, wanted);
  return path;
}

function readTemplate(): Dependencies {
  return JSON.parse(readFileSync(join(TEMPLATE, 'package.json'), 'utf8')) as Dependencies;
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Gives a file of the template the name of the satellite. */
function rename(file: string, name: string): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replaceAll(NAME_IN_TEMPLATE, name));
  if (basename(file).includes(NAME_IN_TEMPLATE)) {
    renameSync(file, join(file, '..', basename(file).replace(NAME_IN_TEMPLATE, name)));
  }
}

/** Writes what it depends on, and copies what comes as a tarball. */
function takeIn(path: string, { dependencies, devDependencies, tarballs }: Dependencies): void {
  const file = join(path, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, `${JSON.stringify({ ...manifest, dependencies, devDependencies }, null, 2)}\n`);
  const vendor = join(path, 'vendor');
  // there even if empty: the Dockerfile copies it
  mkdirSync(vendor);
  writeFileSync(join(vendor, '.gitkeep'), '');
  for (const tarball of tarballs ?? []) cpSync(tarball, join(vendor, basename(tarball)));
}
