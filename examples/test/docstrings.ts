import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './support.js';

/** A function, class or definition that a package exports. */
export interface Exported {
  /** As in `@sputnikjs/core: Sputnik`. */
  readonly title: string;
  /** The program in its docstring, if it has one. */
  readonly example: string | undefined;
}

/** `exports` of a package.json. */
type Entries = Readonly<Record<string, { readonly default: string } | string>>;

/** What the entry points of a package below `packages` export themselves, and is a function, a class, or has `make`: a block or a connector. */
export async function exportedBy(folder: string): Promise<Exported[]> {
  const path = join(ROOT, 'packages', folder);
  const { name, exports } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly exports: Entries;
  };
  const found: Exported[] = [];
  for (const [key, entry] of Object.entries(exports)) {
    if (typeof entry === 'string') continue;
    const source = join(path, entry.default.replace('dist/', 'src/').replace(/\.js$/, '.ts'));
    const module = (await import(join(path, entry.default))) as Readonly<Record<string, unknown>>;
    for (const [exported, value] of Object.entries(module)) {
      const docstring = docstringOf(exported, source);
      if (!needsExample(value) || docstring === 'of another package') continue;
      found.push({ title: `${name}${key.slice(1)}: ${exported}`, example: exampleIn(docstring ?? '') });
    }
  }
  return found;
}

function needsExample(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null && 'make' in value);
}

/** The docstring of what a file exports, or exports again. */
function docstringOf(name: string, file: string): string | undefined {
  const text = readFileSync(file, 'utf8');
  const declared = new RegExp(
    `(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*)?^export (?:async |abstract )?(?:function|class|const) ${name}\\b`,
    'm',
  ).exec(text);
  if (declared) return declared[1];
  for (const [, names = '', from = ''] of text.matchAll(/^export (\*|\{[^}]*\}) from '([^']+)'/gm)) {
    const isIt = new RegExp(`\\b${name}\\b`).test(names);
    if (!isIt && names !== '*') continue;
    if (!from.startsWith('.')) return isIt ? 'of another package' : undefined;
    const docstring = docstringOf(name, join(dirname(file), from.replace(/\.js$/, '.ts')));
    if (isIt || docstring !== undefined) return docstring;
  }
  return undefined;
}

/** What stands below `@example`, up to the next tag. */
function exampleIn(docstring: string): string | undefined {
  const lines = docstring.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
  const [, example] = /^@example\n([\s\S]*?)(?:^@|(?![\s\S]))/m.exec(lines.join('\n')) ?? [];
  return example && `${example.trimEnd()}\n`;
}

/** What an example says that it prints: a line for each that ends with a comment; `…` stands for anything. Undefined if it prints nothing. */
export function outputOf(example: string): RegExp | undefined {
  const comments = example.split('\n').flatMap((line) => /\S \/\/ (.*)$/.exec(line)?.[1] ?? []);
  if (comments.length === 0) return undefined;
  const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${comments.map((comment) => `${comment.split('…').map(literal).join('.*')}\n`).join('')}$`);
}

/** The options of Node that an example is run with: a comment says so, as `// node --option="value" example.js`. */
export function optionsOf(example: string): string[] {
  const [, options = ''] = /^\/\/ node (--.*) example\.js$/m.exec(example) ?? [];
  return [...options.matchAll(/--[\w-]+="[^"]*"/g)].map(([option]) => option.replaceAll('"', ''));
}
