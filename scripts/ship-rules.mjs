// Puts the rules that declarations and messages cite, "(M4)", into the package of the core: docs/lifecycle.md, with links
// that lead to the repository, since what they lead to is not in the package.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { json, ROOT } from './packages.mjs';

const { homepage } = json('package.json');
const text = readFileSync(join(ROOT, 'docs/lifecycle.md'), 'utf8');
const absolute = text.replaceAll(/\]\((?!#|https?:)([^)]+)\)/g, (_, path) => {
  const { pathname, hash } = new URL(path, 'file:///docs/');
  return `](${homepage}/blob/main${pathname}${hash})`;
});
writeFileSync(join(ROOT, 'packages/core/lifecycle.md'), absolute);
