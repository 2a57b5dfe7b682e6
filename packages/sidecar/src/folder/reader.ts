import { didYouMean } from './suggest.js';

/** A raw configuration. */
export interface RawConfiguration {
  /** The file or place that has it. */
  readonly label: string;
  readonly value: unknown;
}

/** A source of raw configurations. */
export interface Reader {
  /** Reads the configuration of this name. Undefined if there is none. */
  read(name: string): Promise<RawConfiguration | undefined>;
  /** The place where a configuration of this name belongs. */
  place(name: string): string;
  /** The text that none of the configurations exists. */
  missing(names: readonly string[]): string;
  /** Problems for configurations that nobody reads and whose names are close to a known one. */
  strays(known: readonly string[]): readonly string[];
}

/** The `names` that are not known, but close to a known one. */
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
