import { writeSync } from 'node:fs';

const RETRY_MS = 5;
const RETRIES = 200;

/**
 * Writes lines to a file descriptor, at once, so that none is left behind when the process ends. What cannot be written (the
 * reader is gone, the disk is full) harms nobody: lines are lost, and counted in front of the next one that gets through.
 */
export class LogOutput {
  readonly #fd: number;
  readonly #format: (line: string) => string;
  #lost = 0;

  constructor(fd: number, format: (line: string) => string = (line) => line) {
    this.#fd = fd;
    this.#format = format;
  }

  write(line: string): void {
    try {
      if (this.#lost > 0) this.#put(this.#lostLine());
      this.#lost = 0;
      this.#put(line);
    } catch {
      this.#lost++;
    }
  }

  #lostLine(): string {
    const time = new Date().toISOString();
    return `${JSON.stringify({ level: 'error', time, event: 'logLinesLost', count: this.#lost, msg: 'the log could not be written' })}\n`;
  }

  #put(line: string): void {
    const bytes = Buffer.from(this.#format(line));
    let retries = 0;
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(this.#fd, bytes, written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++retries > RETRIES) throw error;
        // a pipe that is full and does not block: give its reader a moment
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }
}
