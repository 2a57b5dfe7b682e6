// Spellings of the Go original that every folder may use. A `dialect` translates folders that were written for it.
import { isRecord } from './json-schema.js';
import type { WithProblems } from './problems.js';

/** The list of blocks, with `name` and `responsibility` for the original's `Name` and `Responsibility`. */
export function withSmallLetters(value: unknown): WithProblems<unknown> {
  if (!Array.isArray(value)) return { value, problems: [] };
  const problems: string[] = [];
  const entries = value.map((entry: unknown, index) => {
    if (!isRecord(entry)) return entry;
    const renamed = { ...entry };
    for (const key of ['name', 'responsibility']) {
      const capital = `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
      if (!Object.hasOwn(renamed, capital)) continue;
      if (Object.hasOwn(renamed, key))
        problems.push(`[${index}].${capital}: is given twice, also as ${key}; keep one of them`);
      else renamed[key] = renamed[capital];
      delete renamed[capital];
    }
    return renamed;
  });
  return { value: entries, problems };
}

/** A name as the original has it in variables, where `kName` is KNAME. */
export function inCapitals(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}
