import { Duplex } from 'node:stream';

/** The client's end of a connection inside the process: what connectors and their libraries use of a socket, without the system. */
export class ClientSocket extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  readonly connecting = false;
  #said: (bytes: Buffer) => void = () => {};
  /** What the other end has said and this one has not heard; null is the end. */
  readonly #coming: (Buffer | null)[] = [];
  #isHungUp = false;

  constructor() {
    super({ allowHalfOpen: false, decodeStrings: true });
    setImmediate(() => this.destroyed || this.emit('connect'));
  }

  /** Has `listener` hear what the client says from now on. */
  onSaid(listener: (bytes: Buffer) => void): void {
    this.#said = listener;
  }

  /** Has the client hear this, in a turn of its own, as if each piece were a segment. */
  hear(bytes: Buffer): void {
    this.#come(bytes);
  }

  /** Ends the connection: the client hears of it, and cannot write any more. */
  hangUp(): void {
    if (this.#isHungUp) return;
    this.#isHungUp = true;
    this.#come(null);
  }

  get hasHeardAll(): boolean {
    return this.#coming.length === 0;
  }

  #come(what: Buffer | null): void {
    this.#coming.push(what);
    if (this.#coming.length === 1) setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    if (this.destroyed || this.readableEnded) return void this.#coming.splice(0);
    const [next = null] = this.#coming;
    this.bytesRead += next?.length ?? 0;
    this.push(next);
    this.#coming.shift();
    if (this.#coming.length > 0) setImmediate(() => this.#deliver());
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#isHungUp) return done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    this.bytesWritten += bytes.length;
    this.#said(bytes);
    done();
  }

  override _writev(pieces: { readonly chunk: Buffer }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'latin1', done);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }
}
