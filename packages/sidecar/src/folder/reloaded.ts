import { cutLine, printable } from '../text.js';
import type { Change } from './changes.js';

/** The result of a reload. */ export interface Reloaded {
  /** The problems of the configuration, one line each. If there are any, nothing is applied. */
  readonly problems: readonly string[];
  /** Changes that are in force now. */
  readonly applied: readonly Change[];
  /** Files named by keys, whose contents have changed. */
  readonly files: readonly ChangedFile[];
  /** Changes that need a restart. */
  readonly restart: readonly Change[];
  /** How many keys have not changed. */
  readonly unchanged: number;
}

/** A file that has changed: a certificate, a token. */
export interface ChangedFile {
  readonly block: string;
  readonly key: string;
  readonly path: string;
  /** `in use`: the new contents are in use. `not read yet`: they count the next time they are read, such as at the next connect. */
  readonly state: 'in use' | 'not read yet';
}

/** A line of a log, or of a terminal. */
export interface ReloadLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: { readonly event: string; readonly [field: string]: unknown };
  readonly text: string;
}

/** The result of a reload, line by line. The last line sums it up. */
export function reloadLines({ problems, applied, files, restart, unchanged }: Reloaded): readonly ReloadLine[] {
  const [event, keys] = ['reloaded', { unchanged, applied: applied.length, files: files.length }];
  const lines: ReloadLine[] = [
    ...problems.map((text) => ({ level: 'error', fields: { event: 'reloadProblem' }, text }) as const),
    ...applied.map(
      (change) => ({ level: 'info', fields: { event, ...change }, text: `${told(change)}; applied` }) as const,
    ),
    ...files.map((file) => ({ level: 'info', fields: { event, ...file }, text: toldFile(file) }) as const),
    ...restart.map(
      (change) =>
        ({
          level: 'warn',
          fields: { event: 'restartNeeded', ...change },
          text: `${told(change)}; restart the satellite to apply it`,
        }) as const,
    ),
  ];
  const refused = `nothing is reloaded: ${plural(problems.length, 'problem')}; the configuration in force stays`;
  const parts = [
    ...(applied.length > 0 ? [`${plural(applied.length, 'key')} applied`] : []),
    ...(files.length > 0 ? [`${plural(files.length, 'file')} changed`] : []),
    ...(restart.length > 0 ? [`${plural(restart.length, 'key')} for the next start`] : []),
    `${plural(unchanged, 'key')} unchanged`,
  ];
  const sum =
    problems.length > 0
      ? ({ level: 'error', fields: { event: 'reloadRefused', problems: problems.length }, text: refused } as const)
      : ({
          level: 'info',
          fields: { event, ...keys, restart: restart.length },
          text: `reloaded: ${parts.join(', ')}`,
        } as const);
  return [...lines, sum].map((line) => ({ ...line, text: cutLine(printable(line.text)) }));
}

function told({ block, key, source, was, is }: Change): string {
  const name = key.startsWith('[') || key === '' ? `${block}${key}` : `${block}.${key}`;
  return `${name}: ${difference(was, is)} (${source})`;
}

function difference(was: unknown, is: unknown): string {
  if (was === undefined && is === undefined) return 'changed';
  if (was === undefined) return `new, ${shownValue(is)}`;
  return is === undefined ? `removed, was ${shownValue(was)}` : `${shownValue(was)} → ${shownValue(is)}`;
}

function shownValue(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function toldFile({ block, key, path, state }: ChangedFile): string {
  const what = state === 'in use' ? 'its contents are in use' : 'its contents are used from the next read on';
  return `${block}.${key}: the file ${path} has changed; ${what}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
