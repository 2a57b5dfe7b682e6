// Keeps docs/events.md and the code together: every line of the log has an event that can be read off the sources, and the list has a row for
// it with its levels and fields; every code of an error has a row, too. `node scripts/events.mjs` lists what the sources have.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { ERROR_CODES } from '../packages/core/dist/index.js';
import { NO_CODE } from '../packages/sidecar/dist/log/error-fields.js';
import { filesBelow, MEMBERS, ROOT } from './packages.mjs';

const FILE = 'docs/events.md';
const LEVELS = ['debug', 'info', 'warn', 'error'];
/** What hands lines on that others have written. */
const PLUMBING =
  /^(?:packages\/sidecar\/src\/(?:log|admin\/recent-lines|thread\/remote-log)|packages\/messaging\/src\/net\/problem-log|packages\/spool\/src\/tell-problem|packages\/testkit|apps\/[^/]+\/src\/hints)\b/;
/** Writes the events of a flight; a test of the sidecar compares them with the list. */
const RECORDS = 'packages/sidecar/src/log/record.ts';
/** Fields that every line may have. */
const COMMON = new Set(['event', 'block', 'error', 'code', 'suppressed']);

/** What a spool hands a problem of its store to. */
const STORE_PROBLEM = 'onProblem';

const problems = [];
/** What is logged, by its event: levels, fields that are named, and whether there are more. */
const logged = new Map();

const propertyOf = (node, name) =>
  node.type === 'ObjectExpression'
    ? node.properties.find((property) => property.type === 'Property' && nameOf(property.key) === name)
    : undefined;
const nameOf = (node) => (node?.type === 'MemberExpression' ? nameOf(node.property) : node?.name);
const unwrapped = (node) =>
  ['TSAsExpression', 'TSSatisfiesExpression', 'ParenthesizedExpression', 'ChainExpression'].includes(node?.type)
    ? unwrapped(node.expression)
    : node;

class Source {
  /** Calls, and objects that are lines of the log as data (`level`, `fields`, `text`), each with the functions around it. */
  calls = [];
  lines = [];
  constructor(file) {
    this.file = file;
    this.folder = file.split('/', 2).join('/');
    this.text = readFileSync(join(ROOT, file), 'utf8');
    this.walk(parseSync(file, this.text).program, []);
  }

  walk(node, around) {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) return node.forEach((one) => this.walk(one, around));
    if (node.type === 'CallExpression') this.calls.push({ node, around });
    if (['level', 'fields', 'text'].every((name) => propertyOf(node, name))) this.lines.push({ node, around });
    const inner = /Function/.test(node.type ?? '') || node.type === 'MethodDefinition' ? [node, ...around] : around;
    for (const [key, value] of Object.entries(node)) if (key !== 'parent') this.walk(value, inner);
  }

  place({ start }) {
    return `${this.file}:${this.text.slice(0, start).split('\n').length}`;
  }
}

const sources = MEMBERS.filter(({ manifest }) => !manifest.private)
  .flatMap(({ folder }) => filesBelow(`${folder}/src`))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => new Source(file));

/** What a variable of a file is set to; the last one of that name before a place. */
function initial(source, name, before) {
  const found = [];
  const look = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) return node.forEach(look);
    if (node.type === 'VariableDeclarator' && node.start < before) {
      const at = node.id.elements?.findIndex((element) => element?.name === name) ?? -1;
      if (node.id.name === name) found.push(node.init);
      else if (at !== -1) found.push(node.init?.elements?.[at]);
    }
    for (const value of Object.values(node)) look(value);
  };
  look(parseSync(source.file, source.text).program);
  return found.at(-1);
}

/** The expressions that a parameter stands for: what the callers of its function hand over. */
function handedOver(source, name, around) {
  for (const [at, node] of around.entries()) {
    const params = (node.value ?? node).params ?? [];
    const index = params.findIndex((param) => (param.left ?? param).name === name);
    if (index === -1) continue;
    const own = nameOf(node.key ?? node.id) ?? nameOf(around[at + 1]?.key);
    const isNear = ({ folder }) => folder === source.folder;
    return sources
      .filter(isNear)
      .flatMap((other) =>
        other.calls
          .filter(({ node: call }) => own !== undefined && nameOf(unwrapped(call.callee)) === own)
          .map(({ node: call, around: outer }) => [other, call.arguments[index], outer]),
      );
  }
  return [];
}

/** The texts that an expression may be; undefined if that cannot be read. */
function textsOf(source, expression, around) {
  const node = unwrapped(expression);
  if (node?.type === 'Literal' && typeof node.value === 'string') return [node.value];
  if (node?.type === 'ConditionalExpression') {
    const both = [node.consequent, node.alternate].map((part) => textsOf(source, part, around));
    return both.includes(undefined) ? undefined : both.flat();
  }
  if (node?.type !== 'Identifier') return undefined;
  const init = initial(source, node.name, node.start);
  if (init) return textsOf(source, init, around);
  const all = handedOver(source, node.name, around).map((one) => textsOf(...one));
  return all.length === 0 || all.includes(undefined) ? undefined : all.flat();
}

/** The event and the fields of an object that is logged. */
function fieldsOf(source, expression, around) {
  const node = unwrapped(expression);
  if (node?.type === 'Identifier') return fieldsOf(source, initial(source, node.name, node.start), around);
  if (node?.type !== 'ObjectExpression') return undefined;
  const result = { names: [], open: false, events: undefined };
  for (const property of node.properties) {
    if (property.type === 'SpreadElement') {
      const spread = fieldsOf(source, property.argument, around);
      if (spread) {
        result.names.push(...spread.names);
        result.events ??= spread.events;
      }
      result.open ||= spread?.open ?? true;
    } else if (nameOf(property.key) === 'event') result.events = textsOf(source, property.value, around);
    else result.names.push(nameOf(property.key));
  }
  return result;
}

function note(events, level, { names, open }) {
  for (const event of events) {
    const known = logged.get(event) ?? { levels: new Set(), fields: new Set(), open: false };
    logged.set(event, known);
    known.levels.add(level);
    known.open ||= open;
    for (const name of names) if (!COMMON.has(name)) known.fields.add(name);
  }
}

function readCall(source, { node, around }) {
  const callee = unwrapped(node.callee);
  if (nameOf(callee) === STORE_PROBLEM) return readProblem(source, node, around);
  if (callee?.type !== 'MemberExpression') return;
  const [receiver, method] = [nameOf(unwrapped(callee.object)) ?? '', nameOf(callee.property)];
  const isProblem = method === 'note' && /problem/i.test(receiver);
  const level = callee.computed ? 'computed' : LEVELS.find((one) => one === method);
  // lines as data are read where they are made
  const isHandedOn = level === 'computed' && node.arguments[0]?.name === 'fields';
  const isLine = /log$|^own$/i.test(receiver) && level !== undefined && !isHandedOn;
  if (!isProblem && !isLine) return;
  const fields = isProblem
    ? {
        ...(fieldsOf(source, node.arguments[2], around) ?? { names: [], open: node.arguments[2] !== undefined }),
        events: textsOf(source, node.arguments[0], around),
      }
    : fieldsOf(source, node.arguments[0], around);
  if (fields?.events === undefined)
    problems.push(`${source.place(node)}: the line has no event that can be read; give it a stable one, as a literal`);
  else if (isProblem) note(fields.events, 'warn', { ...fields, names: [...fields.names, 'count'] });
  else for (const one of level === 'computed' ? LEVELS : [level]) note(fields.events, one, fields);
}

/** A problem of a store, as data. */
function readProblem(source, node, around) {
  const fields = fieldsOf(source, node.arguments[0], around);
  if (fields?.events === undefined)
    return void problems.push(`${source.place(node)}: the problem has no event that can be read; give it a literal`);
  const names = fields.names.filter((name) => name !== 'text');
  const torn = fields.events.includes('spoolTorn');
  note(fields.events, torn ? 'info' : 'warn', { ...fields, names: torn ? names : [...names, 'count'] });
}

function readLine(source, { node, around }) {
  const [levels, fields] = [
    textsOf(source, propertyOf(node, 'level').value, around),
    fieldsOf(source, propertyOf(node, 'fields').value, around),
  ];
  if (fields?.events === undefined || levels === undefined)
    problems.push(`${source.place(node)}: the line has no event, or level, that can be read; give it literals`);
  else for (const level of levels) note(fields.events, level, fields);
}

for (const source of sources)
  if (!PLUMBING.test(source.file) && !source.file.startsWith('packages/core/')) {
    for (const call of source.calls) readCall(source, call);
    for (const line of source.lines) readLine(source, line);
  }
// two of the log's own, which are made where lines are passed on
note(['stackTrace'], 'debug', { names: ['of', 'stack'], open: false });
note(['logLinesLost'], 'error', { names: ['count'], open: false });

const flights = new Set(
  [...readFileSync(join(ROOT, RECORDS), 'utf8').matchAll(/^ {4}case '(\w+)':/gm)].map(([, event]) => event),
);
/** The rows of the tables, cell by cell. */
const table = readFileSync(join(ROOT, FILE), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const unquoted = (cell) => cell.replaceAll('`', '');
const rows = table.filter(({ length }) => length === 5);
const codes = table.filter(({ length }) => length === 3);

const listed = new Map();
for (const [name, levels, fields, when, advice] of rows) {
  const event = unquoted(name);
  if (listed.has(event)) problems.push(`${FILE}: "${event}" has two rows`);
  if (when === '' || (advice === '' && /warn|error/.test(levels)))
    problems.push(`${FILE}: say of "${event}" when it comes, and what to do`);
  listed.set(event, {
    levels: new Set(levels.split(', ')),
    fields: new Set([...fields.matchAll(/`(\w+)`/g)].map(([, name]) => name)),
  });
}
for (const [event, { levels, fields, open }] of logged) {
  const row = listed.get(event);
  const shown = `${[...levels].join(', ')} | ${[...fields].map((name) => `\`${name}\``).join(', ')}${open ? ' and more' : ''}`;
  if (row === undefined) {
    problems.push(`${FILE}: "${event}" is missing: | \`${event}\` | ${shown} | … | … |`);
    continue;
  }
  const same =
    levels.size === LEVELS.length ||
    (levels.size === row.levels.size && [...levels].every((level) => row.levels.has(level)));
  const all = [...fields].every((name) => row.fields.has(name)) && (open || row.fields.size === fields.size);
  if (!same || !all) problems.push(`${FILE}: the row of "${event}" should say ${shown}`);
}
for (const event of flights) if (!listed.has(event)) problems.push(`${FILE}: "${event}" is missing`);
for (const event of listed.keys())
  if (!logged.has(event) && !flights.has(event)) problems.push(`${FILE}: nothing logs "${event}"`);
const known = new Set(codes.map(([code]) => unquoted(code)));
for (const code of [...Object.keys(ERROR_CODES), NO_CODE])
  if (!known.has(code)) problems.push(`${FILE}: the code ${code} is missing`);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`events: ${logged.size + flights.size} are logged, and listed with ${known.size} codes`);
