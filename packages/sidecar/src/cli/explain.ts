import { spellings } from '../folder/environment.js';
import type { ConfigurationInForce } from '../folder/in-force.js';
import { keyFacts, type KeyFacts } from '../folder/key-facts.js';
import type { Reader } from '../folder/reader.js';
import { didYouMean } from '../folder/suggest.js';
import { EXIT } from '../run/exit-code.js';
import { printable } from '../text.js';
import { catalogue, type CatalogueEntry } from './catalogue.js';
import { columns, lineWidth, wrapped } from './layout.js';

/** What to explain, and the folder whose values count. */
export interface ExplainOptions {
  /** A key with its configuration (`producer.capacity`), or without; a configuration; a variable. */
  readonly key: string;
  readonly cf?: string | undefined;
  readonly dialect?: ((folder: Reader) => Reader) | undefined;
}

/** A key of a configuration. */
interface Found {
  readonly entry: CatalogueEntry;
  readonly facts: KeyFacts;
}

/** The command `sputnik explain`. Resolves with the exit code: 0, or 78 if there is no such key. */
export async function explain({ key, cf, dialect }: ExplainOptions): Promise<number> {
  const { entries, inForce, problems } = await catalogue(cf, dialect);
  const all = entries.flatMap((entry) => keyFacts(entry.schema).map((facts) => ({ entry, facts })));
  const whole = entries.filter(({ name }) => name === key);
  const found = matching(all, key);
  if (whole.length > 0) for (const entry of whole) say(listed(entry, all));
  else if (found.length > 0) for (const one of found) say(explained(one, key, inForce, cf !== undefined));
  // a folder that cannot be read says so
  else if (entries.length === 0) for (const problem of problems) process.stderr.write(`${problem}\n`);
  else process.stderr.write(`there is no key "${printable(key)}"${hint(key, all, entries)}\n`);
  if (problems.length > 0 && entries.length > 0)
    process.stderr.write(`${cf} has problems, so its values in force are unknown; list the problems with "check"\n`);
  return whole.length + found.length > 0 ? EXIT.clean : EXIT.badConfig;
}

/** What may have been meant: the same key of another configuration, one that is near, or one of those that there are. */
function hint(key: string, all: readonly Found[], entries: readonly CatalogueEntry[]): string {
  const last = key.split('.').at(-1);
  const elsewhere = all.find(({ facts }) => facts.path.split('.').at(-1) === last);
  if (elsewhere) return `, did you mean "${fullName(elsewhere)}"?`;
  const own = all.filter(({ entry }) => key.startsWith(`${entry.name}.`));
  const near = didYouMean(key, own.length > 0 ? own.map(fullName) : everyName(all, entries));
  if (near !== '') return `,${near}`;
  if (own.length > 0) return `; there are ${[...new Set(own.map(({ facts }) => facts.path))].join(', ')}`;
  return `; the configurations are ${[...new Set(entries.map(({ name }) => name))].join(', ')}`;
}

function everyName(all: readonly Found[], entries: readonly CatalogueEntry[]): readonly string[] {
  return [...all.map(fullName), ...entries.map(({ name }) => name), ...all.flatMap(variablesOf)];
}

function say(lines: readonly string[]): void {
  process.stdout.write(`${lines.map(printable).join('\n')}\n\n`);
}

/** Those that are called so, from the most exact on: with the configuration, of a nested satellite too, as a variable, by the path alone, by the last name. */
function matching(all: readonly Found[], key: string): readonly Found[] {
  const wanted = plain(key);
  const variable = key.replace(/_FILE$/, '');
  const ways: readonly ((one: Found) => boolean)[] = [
    (one) => plain(fullName(one)) === wanted,
    (one) => plain(fullName(one)).endsWith(`/${wanted}`),
    (one) => variablesOf(one).includes(key),
    (one) => variablesOf(one).includes(variable),
    ({ facts }) => plain(facts.path) === wanted,
    ({ facts }) => plain(facts.path.split('.').at(-1) ?? '') === wanted,
  ];
  return ways.map((way) => all.filter(way)).find((found) => found.length > 0) ?? [];
}

/** A key as it is compared: any element of a list will do. */
function plain(key: string): string {
  return key
    .replaceAll(/\[\d*\]/g, '')
    .replace(/^\./, '')
    .toLowerCase();
}

function fullName({ entry, facts }: Found): string {
  return facts.path.startsWith('[]') ? `${entry.name}${facts.path}` : `${entry.name}.${facts.path}`;
}

function variablesOf({ entry, facts }: Found): readonly string[] {
  return facts.keys === undefined || /(^|\/)blocks$/.test(entry.name) ? [] : spellings(entry.name, facts.keys);
}

function titleOf(name: string, { module }: CatalogueEntry): string {
  return module === undefined ? name : `${name}  (${module})`;
}

function explained(
  found: Found,
  asked: string,
  inForce: readonly ConfigurationInForce[],
  hasFolder: boolean,
): readonly string[] {
  const { entry, facts } = found;
  const [variable] = variablesOf(found);
  const meaning = wrapped(facts.description ?? 'The schema does not say what it means.', lineWidth() - 2);
  const rows: (readonly [string, string])[] = [
    ['type', facts.type],
    ['default', defaultText(facts)],
    ['variable', variable ?? 'none: it is part of a list'],
  ];
  if (facts.secret) rows.push(['secret', `never shown; ${variable ?? asked}_FILE names a file that has it`]);
  if (hasFolder) {
    const path = facts.path.includes('[]') ? asked.slice(entry.name.length).replace(/^\./, '') : facts.path;
    const keys = inForce.find(({ name }) => name === entry.name)?.keys ?? [];
    const key = keys.find((one) => one.path === path);
    if (key !== undefined) rows.push(['in force', `${JSON.stringify(key.value)} (${key.source})`]);
  }
  return [titleOf(fullName(found), entry), '', ...meaning.map((line) => `  ${line}`), '', ...columns(rows)];
}

function defaultText({ default: value, required }: KeyFacts): string {
  if (value !== undefined) return JSON.stringify(value);
  return required ? 'none; it is required' : 'none';
}

/** All keys of a configuration, each with its default and its meaning. */
function listed(entry: CatalogueEntry, all: readonly Found[]): readonly string[] {
  const own = all.filter((one) => one.entry === entry);
  const rows = own.map(({ facts }) => [facts.path, `${facts.description ?? ''} ${suffix(facts)}`.trim()] as const);
  const example = own.find((one) => variablesOf(one).length > 0);
  const variables =
    example && `A variable sets each key that is not in a list: ${variablesOf(example)[0]} sets ${example.facts.path}.`;
  return [
    titleOf(entry.name, entry),
    '',
    ...(rows.length === 0 ? ['  It has no keys, or its schema does not tell them.'] : columns(rows)),
    ...(variables === undefined ? [] : ['', ...wrapped(variables, lineWidth() - 2).map((line) => `  ${line}`)]),
  ];
}

function suffix({ default: value, required }: KeyFacts): string {
  if (required) return 'Required.';
  return value === undefined ? '' : `Default: ${JSON.stringify(value)}.`;
}
