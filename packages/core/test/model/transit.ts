import type { Idling } from '@sputnikjs/core';

/** What a block holds beside its mailbox. */
export class Transit implements Idling {
  readonly #changed: (isIdle: boolean) => void;
  readonly #idlers: (() => void)[] = [];
  #isIdle = true;

  /** `changed` is told when it comes to hold something, and when that has gone. */
  constructor(changed: (isIdle: boolean) => void) {
    this.#changed = changed;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  idle(): Promise<void> {
    return this.#isIdle ? Promise.resolve() : new Promise((resolve) => this.#idlers.push(resolve));
  }

  hold(): void {
    this.#isIdle = false;
    this.#changed(false);
  }

  letGo(): void {
    this.#isIdle = true;
    this.#changed(true);
    for (const idler of this.#idlers.splice(0)) idler();
  }
}
