import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support.js';

const { homepage } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { homepage: string };

/** The Markdown files of the repository below a folder, by their path from the root. */
function* documentsBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (/^(node_modules|dist.*|\.git|\.servers)$/.test(entry.name)) continue;
    if (entry.isDirectory()) yield* documentsBelow(path);
    else if (entry.name.endsWith('.md')) yield path;
  }
}

const DOCUMENTS = [...documentsBelow('.')].filter((path) => path !== 'packages/core/lifecycle.md');

/** Markdown without what is code. */
const proseOf = (path: string): string =>
  readFileSync(join(ROOT, path), 'utf8')
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '`');

/** The anchors of a document, made of its headings as GitHub makes them. */
function anchorsIn(path: string): Set<string> {
  const headings = readFileSync(join(ROOT, path), 'utf8').matchAll(/^#+ (.*)$/gm);
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
  return new Set([...headings].map(([, heading = '']) => slug(heading)));
}

/** The path from the root that a link leads to; undefined if it leads out of the repository. */
function targetOf(link: string, document: string): string | undefined {
  if (link.startsWith(homepage)) return link.slice(homepage.length).replace(/^\/(blob|tree)\/main\//, '') || '.';
  if (/^[a-z]+:/.test(link)) return undefined;
  return link === '' ? document : join(dirname(document), link);
}

test('there are documents to look at', () => {
  assert.ok(DOCUMENTS.includes('README.md') && DOCUMENTS.includes('docs/lifecycle.md'));
});

for (const document of DOCUMENTS) {
  test(`the links in ${document} lead somewhere`, () => {
    for (const [, link = '', anchor = ''] of proseOf(document).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
      // below the homepage, but not of its files
      if (/^\/(issues|security|discussions)\b/.test(link.replace(homepage, ''))) continue;
      const target = targetOf(link, document);
      if (target === undefined) continue;
      assert.ok(existsSync(join(ROOT, target)), `${link}: there is no ${target}`);
      if (anchor === '') continue;
      const file = statSync(join(ROOT, target)).isDirectory() ? join(target, 'README.md') : target;
      assert.ok(anchorsIn(file).has(anchor), `${link}#${anchor}: ${file} has no such heading`);
    }
  });

  // The name belongs to somebody else on npm: where ours is not installed, npx would fetch and run theirs.
  test(`${document} never lets npx fetch a program named sputnik`, () => {
    assert.doesNotMatch(readFileSync(join(ROOT, document), 'utf8'), /npx (-y |--yes )?sputnik/);
  });
}
