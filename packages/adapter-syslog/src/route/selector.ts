import { FACILITIES, SEVERITIES } from './names.js';

/** Stands for the priority of data, which has none. */
export const DATA: number = FACILITIES.length * SEVERITIES.length;

/** Other names of severities and facilities. */
const SYNONYMS: Readonly<Record<string, string>> = {
  panic: 'emerg',
  emergency: 'emerg',
  critical: 'crit',
  error: 'err',
  warn: 'warning',
  informational: 'info',
  security: 'auth',
};

/** All severities. */
const ALL = SEVERITIES.map((_, number) => number);

/**
 * Returns the priorities that a selector selects; {@link DATA} stands for data. A selector is `data`, a facility with severities
 * (`local0.err,crit`; all if it names none), facilities (`kern,mail`), or severities (`info,notice`). It selects only the severities that it names,
 * not those above. Case and spaces do not matter. Throws an error that says what is wrong, and lists the known names.
 */
export function prioritiesOf(selector: string): readonly number[] {
  const text = selector.replaceAll(/\s/g, '').toLowerCase();
  if (text === '')
    throw new Error('is empty; expected "data", facilities, severities, or "facility.severity,severity"');
  if (text === 'data') return [DATA];
  const dot = text.indexOf('.');
  if (dot >= 0) {
    const severities = text
      .slice(dot + 1)
      .split(',')
      .filter(Boolean);
    const numbers = severities.map((name) => numberOf(name, 'severity', SEVERITIES));
    return pairs([numberOf(text.slice(0, dot), 'facility', FACILITIES)], severities.length > 0 ? numbers : ALL);
  }
  const names = text.split(',');
  if (SEVERITIES.includes(names[0] as string)) {
    const severities = names.map((name) => numberOf(name, 'severity', SEVERITIES));
    return pairs([...FACILITIES.keys()], severities);
  }
  return pairs(
    names.map((name) => numberOf(name, 'facility', FACILITIES)),
    ALL,
  );
}

function pairs(facilities: readonly number[], severities: readonly number[]): readonly number[] {
  return facilities.flatMap((facility) => severities.map((severity) => facility * 8 + severity));
}

function numberOf(name: string, what: 'facility' | 'severity', known: readonly string[]): number {
  const number = known.indexOf(name);
  if (number >= 0) return number;
  const other = what === 'facility' ? SEVERITIES : FACILITIES;
  if (name === 'data') throw new Error('"data" must stand alone: it has neither facility nor severity');
  const near = Object.hasOwn(SYNONYMS, name) ? `, did you mean "${SYNONYMS[name]}"?` : '';
  const mixed = other.includes(name) ? '; facilities and severities are joined by a dot, "kern.err,crit"' : '';
  throw new Error(`there is no ${what} "${name}"${near}${mixed}; expected one of ${known.join(', ')}`);
}
