/** A promise that somebody else resolves. */
export class Gate<T = void> {
  readonly passed: Promise<T>;
  open!: (value: T) => void;

  constructor() {
    this.passed = new Promise((resolve) => (this.open = resolve));
  }
}
