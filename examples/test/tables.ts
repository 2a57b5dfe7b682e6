import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './support.js';

/** The rows of the tables of a document that begin with such a key, cell by cell. */
export function rowsOf(document: string, key: RegExp): string[][] {
  const lines = readFileSync(join(ROOT, document), 'utf8').split('\n');
  const rows = lines.map((line) => line.split('|').slice(1, -1));
  return rows.map((cells) => cells.map((cell) => cell.trim())).filter(([first = '']) => key.test(first));
}

/** A test that a document refers to, as [`file`](path): title. */
export interface Reference {
  /** From the root. */
  readonly path: string;
  readonly title: string;
}

/** The references of a cell, each on a line of its own. Throws if there is none, or one of another form. */
export function referencesIn(cell: string, document: string): Reference[] {
  return cell.split('<br>').map((text) => {
    const [, link = '', title = ''] = /^\[`[^`]+`\]\(([^)]+)\): (.+)$/.exec(text) ?? [];
    assert.ok(title, `${document}: "${text}" names no file and title`);
    return { path: join(dirname(document), link), title };
  });
}

/** Asserts that there is such a file, and such a test in it. */
export function assertThere({ path, title }: Reference): void {
  assert.ok(existsSync(join(ROOT, path)), `${path} is missing`);
  const source = readFileSync(join(ROOT, path), 'utf8');
  const titles = [...source.matchAll(/\btest\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(([, , text = '']) => text);
  assert.ok(
    titles.some((pattern) => stands(pattern, title, source)),
    `${path} has no test "${title}"`,
  );
}

/** What stands for the variable parts of a title must be in the source too. */
function stands(pattern: string, title: string, source: string): boolean {
  const fixed = pattern.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const parts = new RegExp(`^${fixed.join('(.+)')}$`).exec(title)?.slice(1);
  return parts?.every((part) => source.includes(part)) ?? false;
}
