import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Most bytes that wait for a slow reader. */
const MOST_WAITING = 1024 * 1024;
/** How often what waits is tried again; how long the end of the process waits for the reader, in milliseconds. */
const [RETRY_MS, END_MS] = [20, 500];

/**
 * Writes lines to a file descriptor and never waits for its reader. Lines that the reader does not take now are kept, up to a bound, and
 * written when it reads again. Lines that cannot be kept or written (the reader has gone, the disk is full) are left out. The next line that
 * gets through says how many.
 */
export class LogOutput {
  readonly #fd: number;
  readonly #format: (line: string) => string;
  /** What the reader has not taken; the first may have been written in part. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(fd: number, format: (line: string) => string = (line) => line) {
    this.#fd = withoutBlocking(fd);
    this.#format = format;
  }

  write(line: string): void {
    this.#flush();
    if (this.#lost > 0 && this.#put(this.#lostLine())) this.#lost = 0;
    if (this.#lost > 0 || !this.#put(line)) this.#lost++;
  }

  /** Gives the reader a last moment to take what waits. Blocks for at most that time: use it at the end of the process. */
  end(): void {
    const deadline = performance.now() + END_MS;
    while (this.#waiting.length > 0 && performance.now() < deadline) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      this.#flush();
    }
  }

  #lostLine(): string {
    const time = new Date().toISOString();
    return `${JSON.stringify({ level: 'error', time, event: 'logLinesLost', count: this.#lost, msg: 'log lines were dropped: nobody has read them, or they could not be written' })}\n`;
  }

  /** False if the line is lost. */
  #put(line: string): boolean {
    const bytes = Buffer.from(this.#format(line));
    if (this.#waiting.length > 0) return this.#keep(bytes);
    const written = this.#tryWrite(bytes);
    if (written === undefined) return false;
    // the rest of a line that was begun is kept whatever its size
    if (written < bytes.length) return written > 0 ? this.#push(bytes.subarray(written)) : this.#keep(bytes);
    return true;
  }

  #keep(bytes: Buffer): boolean {
    return this.#waitingBytes + bytes.length <= MOST_WAITING && this.#push(bytes);
  }

  #push(bytes: Buffer): true {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    // it keeps no process alive: its end gives the reader a last moment
    this.#retry ??= setInterval(() => this.#flush(), RETRY_MS).unref();
    return true;
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const bytes = this.#waiting[0] as Buffer;
      const written = this.#tryWrite(bytes);
      if (written === undefined) {
        // the reader is gone: nobody will take the rest
        this.#lost += this.#waiting.length;
        this.#waiting = [];
        this.#waitingBytes = 0;
        break;
      }
      this.#waitingBytes -= written;
      if (written < bytes.length) return void (this.#waiting[0] = bytes.subarray(written));
      this.#waiting.shift();
    }
    clearInterval(this.#retry);
    this.#retry = undefined;
  }

  /** How many bytes were written, 0 if the reader takes none now; undefined if it cannot be written to. */
  #tryWrite(bytes: Buffer): number | undefined {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
      return written;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? written : undefined;
    }
  }
}

/**
 * A descriptor for the same place whose writes do not wait for a reader. For a terminal or a pipe it is a new one, so that other
 * processes that share the old one notice nothing; what is a file is written at once anyway.
 */
function withoutBlocking(fd: number): number {
  try {
    if (fstatSync(fd).isFile()) return fd;
    // guard: the log does not wait for its reader
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // a socket, or a pipe of another user's: for its own stream Node makes it one that does not block
    void process.stdout;
    return fd;
  }
}
