import { readdir } from 'node:fs/promises';
import { join, parse as parsePath } from 'node:path';
import { parseEnv } from 'node:util';
import { SputnikError } from '@sputnikjs/core';
import { fileText } from '@sputnikjs/messaging/net';
import { isRecord } from './json-schema.js';
import { parse } from './parse.js';
import type { Layer } from './environment.js';
import { strays, type RawConfiguration, type Reader } from './reader.js';
import { didYouMean } from './suggest.js';
import { textOf } from '../text.js';

const ENDINGS = new Set(['.json', '.yaml', '.yml']);

/**
 * A folder with a file for each configuration: `<name>.json`, `.yaml` or `.yml`, and `*.env`. Skips entries that begin with a dot: Kubernetes
 * puts such entries beside the files of a ConfigMap. Follows symbolic links.
 */
export class ConfigFolder implements Reader {
  readonly path: string;
  readonly #files: ReadonlyMap<string, readonly string[]>;
  readonly #envFiles: readonly string[];
  /** A file is read once: many ask for it, and all are to see the same. */
  readonly #values = new Map<string, Promise<unknown>>();

  private constructor(path: string, entries: readonly string[]) {
    const files = new Map<string, string[]>();
    for (const { name, base, ext } of entries.map((entry) => parsePath(entry))) {
      if (ENDINGS.has(ext)) files.set(name, [...(files.get(name) ?? []), base]);
    }
    this.path = path;
    this.#files = files;
    this.#envFiles = entries.filter((entry) => entry.endsWith('.env'));
  }

  /** Rejects with BAD_CONFIG if there is no such folder. */
  static async open(path: string): Promise<ConfigFolder> {
    try {
      const entries = await readdir(path);
      return new ConfigFolder(path, entries.filter((entry) => !entry.startsWith('.')).toSorted());
    } catch (error) {
      // guard: a folder that is missing is an error
      throw badFile(path, `cannot be read as a folder: ${reason(error, path)}`, error);
    }
  }

  /** Looks for the exact name, then for the name in lower case. Rejects with BAD_CONFIG if two files have it, or one cannot be read. */
  async read(name: string): Promise<RawConfiguration | undefined> {
    const files = this.#files.get(name) ?? this.#files.get(name.toLowerCase()) ?? [];
    const [file, ...others] = files;
    if (file === undefined) return undefined;
    const label = join(this.path, file);
    if (others.length > 0) throw badFile(label, `conflicts with ${others.join(', ')}; keep one of them`);
    if (!this.#values.has(label)) this.#values.set(label, this.#value(label));
    return { label, value: await this.#values.get(label) };
  }

  place(name: string): string {
    return join(this.path, `${name}.json`);
  }

  missing(names: readonly string[]): string {
    const near = names.map((name) => didYouMean(name, [...this.#files.keys()])).find((text) => text !== '') ?? '';
    return `${names.map((name) => this.place(name)).join(' or ')}: there is no such file${near && `,${near}`}`;
  }

  strays(known: readonly string[]): readonly string[] {
    const label = (name: string): string => join(this.path, this.#files.get(name)?.[0] ?? name);
    return strays([...this.#files.keys()], known, label);
  }

  /** The variables of the folder's `*.env` files, the file that comes last by name first. */
  async envLayers(): Promise<readonly Layer[]> {
    const layers: Layer[] = [];
    for (const file of this.#envFiles) {
      const label = join(this.path, file);
      layers.unshift({
        label,
        origin: 'folder',
        base: this.path,
        prefix: '',
        variables: parseEnv(await this.#text(label)),
      });
    }
    return layers;
  }

  async #value(path: string): Promise<unknown> {
    return withoutSchema(await parse(path, await this.#text(path)));
  }

  async #text(path: string): Promise<string> {
    try {
      return fileText(path, 'cannot be read');
    } catch (error) {
      const { cause } = error as Error;
      throw badFile(path, `cannot be read: ${reason(cause, path)}`, cause);
    }
  }
}

/** `$schema` is for editors. */
function withoutSchema(value: unknown): unknown {
  if (!isRecord(value) || typeof value['$schema'] !== 'string') return value;
  const { $schema: _, ...rest } = value;
  return rest;
}

/** The message without the path: the problem already begins with it. */
function reason(error: unknown, path: string): string {
  const text = textOf(error).replace(`${path} `, 'it ');
  const { syscall = '' } = Object(error) as NodeJS.ErrnoException;
  const end = text.lastIndexOf(`, ${syscall}`);
  return syscall === '' || end === -1 ? text : text.slice(0, end);
}

function badFile(path: string, what: string, cause?: unknown): SputnikError {
  return new SputnikError('BAD_CONFIG', 'the configuration folder cannot be read', {
    problems: [`${path}: ${what}`],
    cause,
  });
}
