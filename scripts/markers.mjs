// The guards of the code, as its sources mark them. A marker is a comment on a line of its own, directly above what it is about:
//
//     // guard: F4 launch works once
//     if (this.#launched) throw new SputnikError('ALREADY_LAUNCHED');
//
// Its name is the only one of its package, and begins with the rule where there is one. It is about the largest part of the program that begins
// behind it: a statement, or a member of a class or an object. Several markers may stand above one part. What is there when a guard is taken
// out, and which tests fail then, says mutants-list.mjs.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, MEMBERS, ROOT } from './packages.mjs';
import { parseSync } from 'oxc-parser';
import { GUARDS } from './mutants-list.mjs';

/** All guards that are marked and listed, each with its source as it is without it; and what is wrong with markers and list. */
export function readGuards() {
  const problems = [];
  const guards = [];
  const folders = MEMBERS.map(({ folder }) => folder);
  for (const folder of Object.keys(GUARDS).filter((name) => !folders.includes(name)))
    problems.push(`scripts/mutants-list.mjs: there is no ${folder}`);
  for (const folder of folders) {
    const listed = GUARDS[folder] ?? {};
    const marked = new Map();
    for (const marker of markersIn(folder, problems)) {
      const { name, place } = marker;
      if (!Object.hasOwn(listed, name))
        problems.push(
          `${place}: scripts/mutants-list.mjs has no guard "${name}" of ${folder}; say there which tests hold it`,
        );
      if (marked.has(name))
        problems.push(`${place}: another guard of ${folder} is named "${name}"; give each a name of its own`);
      marked.set(name, marker);
    }
    for (const [name, [operator, ...names]] of Object.entries(listed)) {
      const marker = marked.get(name);
      if (!marker) {
        problems.push(
          `scripts/mutants-list.mjs: "${name}" is marked nowhere in ${folder}/src; put "// guard: ${name}" where it stands`,
        );
        continue;
      }
      const tests = names.map((test) => `${folder}/test/${test}.test.ts`);
      for (const test of tests.filter((path) => !existsSync(join(ROOT, path))))
        problems.push(`scripts/mutants-list.mjs: "${name}" names ${test}, which is not there`);
      try {
        guards.push({ name: `${folder}: ${name}`, file: marker.file, source: sourceWithout(marker, operator), tests });
      } catch ({ message }) {
        problems.push(`${marker.place}: "${name}" cannot be taken out by ${operator.name}: ${message}`);
      }
    }
  }
  return { guards, problems };
}

/** The markers of a package: name, place, and the part of the program that each is about. */
function* markersIn(folder, problems) {
  for (const file of filesBelow(`${folder}/src`)) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(ROOT, file), 'utf8');
    if (!/\bguard\b/i.test(text)) continue;
    const { program, comments } = parseSync(file, text);
    for (const { type, value, start, end } of comments.filter((comment) => /^[\s*]*guard\b/i.test(comment.value))) {
      const before = text.slice(0, start).split('\n');
      const place = `${file}:${before.length}`;
      const name = type === 'Line' && before.at(-1).trim() === '' && /^ guard: (\S.*)$/.exec(value)?.[1];
      const part = partAt(program, beginBehind(text, end, comments));
      if (name && part) yield { name, place, file, text, part };
      else
        problems.push(
          `${place}: this is no marker; put "// guard: NAME" on a line of its own, directly above a statement or member`,
        );
    }
  }
}

/** Where something begins behind an offset that is neither space nor comment. */
function beginBehind(text, offset, comments) {
  const at = offset + /^\s*/.exec(text.slice(offset))[0].length;
  const comment = comments.find(({ start }) => start === at);
  return comment ? beginBehind(text, comment.end, comments) : at;
}

/** The largest part of a program that begins at an offset. */
function partAt(program, offset) {
  let nodes = partsOf(program);
  while (nodes.length > 0) {
    const found = nodes.find(({ start }) => start === offset);
    if (found) return found;
    nodes = nodes.filter(({ start, end }) => start < offset && offset < end).flatMap(partsOf);
  }
  return undefined;
}

function partsOf(node) {
  return Object.values(node)
    .flat()
    .filter((value) => typeof value?.type === 'string');
}

/** The source without a guard; throws where it would be no program. */
function sourceWithout({ file, text, part }, operator) {
  const { type, start, end } = part;
  const instead = operator(part, text.slice(start, end));
  const comma = type === 'Property' && instead === '' ? (/^\s*,/.exec(text.slice(end))?.[0].length ?? 0) : 0;
  const source = text.slice(0, start) + instead + text.slice(end + comma);
  const [error] = parseSync(file, source).errors;
  if (error) throw new Error(`what is left is no program: ${error.message}`);
  return source;
}
