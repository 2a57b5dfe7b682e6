// Keeps the core tiny: lines of code of the formatted source, without blank lines, comments and import or export lists.
import { readdirSync, readFileSync } from 'node:fs';

const MOST_IN_ALL = 1_250;
const MOST_IN_A_FILE = 150;

const source = new URL('../packages/core/src/', import.meta.url);
let total = 0;
const problems = [];

for (const entry of readdirSync(source)) {
  const code = readFileSync(new URL(entry, source), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^(import|export)\b[^;(]*?\bfrom '[^']+';$/gm, '')
    .split('\n')
    .filter((line) => !/^\s*(\/\/.*)?$/.test(line));
  total += code.length;
  if (code.length > MOST_IN_A_FILE) problems.push(`${entry}: ${code.length} lines of code; at most ${MOST_IN_A_FILE}`);
}
if (total > MOST_IN_ALL) problems.push(`core: ${total} lines of code; at most ${MOST_IN_ALL}`);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`core: ${total} lines of code`);
