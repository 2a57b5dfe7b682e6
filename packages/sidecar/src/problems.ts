import { SputnikError } from '@sputnikjs/core';

/** All that is wrong with a configuration, each once: reading it goes on past what is wrong, to find it in one run. */
export class Problems {
  readonly #lines = new Set<string>();

  add(line: string): void {
    this.#lines.add(line);
  }

  get lines(): readonly string[] {
    return [...this.#lines];
  }

  has(predicate: (line: string) => boolean): boolean {
    return [...this.#lines].some((line) => predicate(line));
  }

  /** Takes the problems of an error. Throws it again if it is of another kind. */
  take(error: unknown): void {
    if (!(error instanceof SputnikError) || error.problems.length === 0) throw error;
    for (const line of error.problems) this.#lines.add(line);
  }

  /** What `work` resolves with, or `otherwise` if it finds problems. */
  async attempt<T>(work: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.take(error);
      return otherwise;
    }
  }

  /** Throws BAD_CONFIG if there are any. */
  raise(): void {
    if (this.#lines.size === 0) return;
    throw new SputnikError('BAD_CONFIG', 'the configuration cannot be used', { problems: [...this.#lines] });
  }
}
