// Keeps the core tiny. Counts lines of the formatted source without blank lines, comments and import or export lists;
// type declarations, which are most of its documentation and none of its program, are counted apart.
import { readFileSync } from 'node:fs';
import { filesBelow } from './packages.mjs';

const MOST_CODE = 1_904;
const MOST_IN_A_FILE = 170;

const linesOf = (text) => text.split('\n').filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
const problems = [];
let code = 0;
let types = 0;

for (const file of filesBelow('packages/core/src')) {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^(import|export)\b[^;(]*?\bfrom '[^']+';$/gm, '');
  const program = text.replaceAll(/^(export )?(interface [^{]*\{[\s\S]*?^\}|type [\s\S]*?;$)/gm, '');
  code += linesOf(program);
  types += linesOf(text) - linesOf(program);
  if (linesOf(text) > MOST_IN_A_FILE) problems.push(`${file}: ${linesOf(text)} lines; at most ${MOST_IN_A_FILE}`);
}
if (code > MOST_CODE) problems.push(`core: ${code} lines of code; at most ${MOST_CODE}`);

console.log(`core: ${code} lines of code, ${types} of type declarations`);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
