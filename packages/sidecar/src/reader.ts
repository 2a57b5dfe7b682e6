/** Where raw configurations are read from. */
export interface Reader {
  /** The raw value of a configuration and where it stands, or undefined if there is none. */
  read(name: string): Promise<{ readonly label: string; readonly value: unknown } | undefined>;
  /** Says that none of the configurations is there. */
  missing(names: readonly string[]): string;
}

/** Configurations given in code. */
export class CodeReader implements Reader {
  readonly #configs: Readonly<Record<string, unknown>>;

  constructor(configs: Readonly<Record<string, unknown>>) {
    this.#configs = configs;
  }

  async read(name: string): Promise<{ readonly label: string; readonly value: unknown } | undefined> {
    return Object.hasOwn(this.#configs, name) ? { label: `configs.${name}`, value: this.#configs[name] } : undefined;
  }

  missing(names: readonly string[]): string {
    return `${names.map((name) => `configs.${name}`).join(' or ')}: is not given`;
  }
}
