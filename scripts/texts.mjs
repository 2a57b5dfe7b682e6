// Collects the texts that a user can see into docs/texts.txt: every string of the sources with two words or more.
// `npm run texts` writes the file; `node scripts/texts.mjs --check` fails when it is not current. Both read what the compiler
// has written, which has no types and no comments: build first.
import { parse } from 'acorn';
import { full } from 'acorn-walk';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow, MEMBERS, ROOT } from './packages.mjs';

const FILE = 'docs/texts.txt';
const HEAD = `Texts that a user can see: error and problem texts, log lines, output of the command line, by package and file.
\`npm run texts\` writes this file, a test checks that it is current. \${…} is filled in at run time.
`;

function sources() {
  return MEMBERS.filter(({ folder }) => folder !== 'examples')
    .flatMap(({ folder }) => ['src', 'bin', 'page'].flatMap((part) => filesBelow(`${folder}/${part}`)))
    .filter((file) => /(?<!\.d)\.[jt]s$/.test(file))
    .toSorted((a, b) => (a < b ? -1 : 1));
}

function textsOf(file) {
  const compiled = file.replace('/src/', '/dist/').replace('/page/', '/dist/page/').replace(/\.ts$/, '.js');
  if (!existsSync(join(ROOT, compiled))) throw new Error(`${compiled} is missing: run "npm run build"`);
  const code = readFileSync(join(ROOT, compiled), 'utf8');
  const tree = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  const texts = [];
  const parts = new Set();
  // a node comes after those in it, so the longest text comes last: go backward
  const nodes = [];
  full(tree, (node) => nodes.push(node));
  for (const node of nodes.toReversed()) {
    if (parts.has(node) || !isText(node)) continue;
    const pieces = flatten(node, parts);
    const text = pieces.map((piece) => textIn(piece, code)).join('');
    if (hasWords(pieces)) texts.push([node.start, text]);
  }
  return [...new Set(texts.toSorted(([a], [b]) => a - b).map(([, text]) => text))];
}

/** A string, a template, or a sum of which one side is a text. */
function isText(node) {
  if (node.type === 'Literal') return typeof node.value === 'string';
  if (node.type === 'TemplateLiteral') return true;
  return node.type === 'BinaryExpression' && node.operator === '+' && (isText(node.left) || isText(node.right));
}

/** The summands of a text, from the left; those that are texts themselves are `parts`, not to be listed again. */
function flatten(node, parts) {
  if (node.type !== 'BinaryExpression' || !isText(node)) {
    if (isText(node)) parts.add(node);
    return [node];
  }
  parts.add(node);
  return [...flatten(node.left, parts), ...flatten(node.right, parts)];
}

function textIn(node, code) {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type !== 'TemplateLiteral') return filledIn(node, code);
  const strings = node.quasis.map(({ value }) => value.cooked ?? value.raw);
  return strings.map((text, i) => text + (node.expressions[i] ? filledIn(node.expressions[i], code) : '')).join('');
}

function filledIn({ start, end }, code) {
  const expression = code.slice(start, end).replaceAll(/\s+/g, ' ');
  return expression.length > 50 ? '${…}' : `\${${expression}}`;
}

/** Two words beside each other, or a word beside something that is filled in. */
function hasWords(pieces) {
  const text = pieces
    .flatMap((piece) => {
      if (piece.type === 'TemplateLiteral') return piece.quasis.map(({ value }) => value.raw).join('x');
      return piece.type === 'Literal' ? `${piece.value}` : 'x';
    })
    .join('');
  return /[A-Za-z]{2,}[^\sA-Za-z]* +[^\sA-Za-z]*\w/.test(text) || /\w +[^\sA-Za-z]*[A-Za-z]{2,}/.test(text);
}

function render() {
  const lines = [HEAD];
  let last = '';
  for (const file of sources()) {
    const texts = textsOf(file);
    if (texts.length === 0) continue;
    const folder = dirname(file.replace(/\/(?:src|bin|page)\/.*/, '/x'));
    if (folder !== last) lines.push(`\n# ${folder}\n`);
    last = folder;
    lines.push(`\n${file.slice(folder.length + 1)}\n`);
    for (const text of texts) lines.push(`  - ${text.trim().replaceAll('\n', '\n    ')}\n`);
  }
  return lines.join('').replaceAll(/[ \t]+$/gm, '');
}

const current = render();
if (process.argv.includes('--check')) {
  const stored = existsSync(join(ROOT, FILE)) ? readFileSync(join(ROOT, FILE), 'utf8') : '';
  if (stored !== current) {
    console.error(`${FILE} is not current: run "npm run texts", and read what changed`);
    process.exitCode = 1;
  }
} else writeFileSync(join(ROOT, FILE), current);
