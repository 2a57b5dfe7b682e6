// Fails if anything that users get with our packages has a licence that is not on this list. Put one there after reading it, and what it asks of
// those who pass the package on.
import { production } from './production.mjs';

const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']);

const counts = new Map();
const problems = [];
for (const { name, entry } of production()) {
  const { license = 'none', link, version } = entry;
  if (link) continue;
  // of a choice one is enough
  const choices = license.replace(/^\((.*)\)$/, '$1').split(' OR ');
  if (!choices.some((one) => ALLOWED.has(one)))
    problems.push(
      `${name} ${version} has the licence ${license}; replace the package, or allow the licence in scripts/licences.mjs`,
    );
  counts.set(license, (counts.get(license) ?? 0) + 1);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
const parts = [...counts].toSorted(([, a], [, b]) => b - a).map(([license, count]) => `${count} ${license}`);
console.log(`licences: ${parts.join(', ')}`);
