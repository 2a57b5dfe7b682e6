import { didYouMean } from './suggest.js';

/** A raw configuration. */
export interface RawConfiguration {
  /** Where it stands. */
  readonly label: string;
  readonly value: unknown;
}

/** Where raw configurations are read from. */
export interface Reader {
  /** Undefined if there is none of that name. */
  read(name: string): Promise<RawConfiguration | undefined>;
  /** Where a configuration of that name would stand. */
  place(name: string): string;
  /** Says that none of the configurations is there. */
  missing(names: readonly string[]): string;
  /** Says of configurations that nobody reads and whose names are near to a known one that they are misspelt. */
  strays(known: readonly string[]): readonly string[];
}

/** The `names` that are none of the known ones, but near to one. */
export function strays(
  names: readonly string[],
  known: readonly string[],
  label: (name: string) => string,
): readonly string[] {
  return names
    .filter((name) => !known.some((one) => one === name || one.toLowerCase() === name))
    .map((name) => [name, didYouMean(name, known)] as const)
    .filter(([, near]) => near !== '')
    .map(([name, near]) => `${label(name)}: no block has this name or responsibility,${near}`);
}

/** Configurations given in code. */
export class CodeReader implements Reader {
  readonly #configs: Readonly<Record<string, unknown>>;

  constructor(configs: Readonly<Record<string, unknown>>) {
    this.#configs = configs;
  }

  async read(name: string): Promise<RawConfiguration | undefined> {
    return Object.hasOwn(this.#configs, name) ? { label: `configs.${name}`, value: this.#configs[name] } : undefined;
  }

  place(name: string): string {
    return `configs.${name}`;
  }

  missing(names: readonly string[]): string {
    return `${names.map((name) => this.place(name)).join(' or ')}: is not given`;
  }

  strays(known: readonly string[]): readonly string[] {
    return strays(Object.keys(this.#configs), known, (name) => `configs.${name}`);
  }
}
