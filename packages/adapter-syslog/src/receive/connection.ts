import type { Socket } from 'node:net';
import type { Sender } from './dispatcher.js';
import { FrameSplitter } from './framing.js';
import { isEmpty, read, refuse, tell, type Intake } from './intake.js';
import type { SyslogSource } from '../parse/message.js';
import { openedBy } from './opened-by.js';
import { Opening, type Opened } from './opening.js';

/**
 * One connection. Passes its frames on in order, and skips none. While it waits for its turn, it does not read the socket, which pushes the
 * sender back.
 */
export class Connection implements Sender {
  /** Resolves when the connection is closed and all its messages are passed on. Never rejects. */
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #intake: Intake;
  readonly #splitter: FrameSplitter;
  #source: SyslogSource;
  /** Set until it is clear what the connection begins with. */
  #opening: Opening | undefined;
  #setDone!: () => void;
  /** What waits for its turn: as octets, which take less memory than what is made of them. */
  #held: Buffer | undefined;
  #heldIsTruncated = false;
  #receivedAt = new Date();
  /** The same on the clock; and of what was last part of a message. */
  #cameAt: number;
  #messageAt: number;
  #cancelIdle = (): void => {};
  #refused = 0;
  #misfits = 0;
  /** Why nothing more comes: the sender ended the stream, the connection broke, or we end it. */
  #stop: 'ended' | 'broken' | 'closed' | undefined;
  /** What the socket had read while it was paused, set when reading stops. */
  #readAhead: Buffer | null = null;

  /** Nobody else may read the socket. */
  constructor(socket: Socket, source: SyslogSource, intake: Intake) {
    this.#socket = socket;
    this.#intake = intake;
    this.#splitter = new FrameSplitter(intake.config);
    this.#cameAt = this.#messageAt = intake.ctx.clock.now();
    this.#source = source;
    // TLS had its opening before.
    if (source.transport !== 'tls') this.#opening = new Opening();
    this.done = new Promise((resolve) => (this.#setDone = resolve));
    socket.on('error', (error) => {
      // A sender that has gone does not hear our last word.
      if (this.#stop) return;
      intake.counts.connectionsFailed++;
      tell(intake, 'connectionFailed', `a connection failed: ${error.message}`, source);
      this.#stopReading('broken');
    });
  }

  /** Starts reading. */
  start(): void {
    const { idleTimeoutMs } = this.#intake.config;
    if (idleTimeoutMs > 0) this.#watchIdle(idleTimeoutMs, idleTimeoutMs);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#push(chunk);
      if (!this.#stop) this.#advance();
      if (this.#splitter.isWithin) this.#messageAt = this.#cameAt;
    });
    this.#socket.on('end', () => this.#stopReading('ended'));
    this.#socket.on('close', () => this.#stopReading('broken'));
    this.#socket.resume();
  }

  /** Stops reading from the network, passes on what has come, and closes. */
  land(): Promise<void> {
    this.#stopReading('closed');
    return this.done;
  }

  /** Since when nothing of a message has come, on the clock; Infinity while it is pushed back, for then it cannot send. */
  get quietSince(): number {
    return this.#held ? Infinity : this.#messageAt;
  }

  /** Looks after so long whether anything of a message has come for `ms`. */
  #watchIdle(ms: number, after: number): void {
    const { clock } = this.#intake.ctx;
    this.#cancelIdle = clock.after(after, () => {
      const left = this.quietSince + ms - clock.now();
      if (left <= 0) this.#idle(ms);
      else this.#watchIdle(ms, Math.min(left, ms));
    });
  }

  #idle(ms: number): void {
    this.#intake.counts.connectionsIdle++;
    tell(this.#intake, 'connectionIdle', `a connection was closed: nothing came from it for ${ms} ms`, this.#source);
    this.#stopReading('closed');
  }

  #push(chunk: Buffer): void {
    this.#receivedAt = new Date();
    this.#cameAt = this.#intake.ctx.clock.now();
    if (!this.#opening) return this.#splitter.push(chunk);
    const opened = this.#opening.read(chunk);
    if (opened) this.#open(opened);
  }

  #open(opened: Opened): void {
    this.#opening = undefined;
    const sender = openedBy(opened, this.#source, this.#intake);
    if (sender && (sender.address !== this.#source.address || sender.port !== this.#source.port))
      this.#source = { ...this.#source, address: sender.address, port: sender.port };
    // guard: TLS at a plain listener is no message
    if (sender && !opened.isTls) return this.#splitter.push(opened.rest);
    if (sender) this.#refuseTls();
    this.#stopReading('closed');
  }

  #refuseTls(): void {
    this.#intake.counts.connectionsForeign++;
    const text =
      'a connection was closed: the sender speaks TLS, and this listener does not. Have it send to a listener for TLS';
    tell(this.#intake, 'tlsOnPlainListener', text, this.#source);
  }

  #stopReading(why: 'ended' | 'broken' | 'closed'): void {
    if (this.#stop) return;
    this.#stop = why;
    this.#cancelIdle();
    this.#socket.removeAllListeners('data');
    this.#socket.pause();
    // guard: what a socket had read is passed on at landing
    this.#readAhead = this.#socket.read() as Buffer | null;
    // TLS has to say that nothing more comes (RFC 5425 section 4.4).
    // guard: close_notify is answered
    if (why === 'broken') this.#socket.destroy();
    else this.#socket.destroySoon();
    if (!this.#held) this.#advance();
  }

  /** Reports that a message of this connection is lost. */
  lose(why: string, fields?: object): void {
    this.#lose(1, why, fields);
  }

  /** Passes on what has come while there is room; then goes on reading, or closes. */
  readonly #advance = (): void => {
    const { dispatcher } = this.#intake;
    while (this.#hold()) {
      if (dispatcher.isFree) {
        this.#handOn();
        continue;
      }
      if (dispatcher.isOver) return this.#giveUp();
      // guard: a TCP sender is pushed back
      this.#socket.pause();
      return dispatcher.wait(this.#advance);
    }
    this.#tellFaults();
    if (this.#stop) this.#close();
    else if (this.#socket.isPaused()) this.#socket.resume();
  };

  /** Holds the next frame, unless one is held. Returns false if there is no frame. */
  #hold(): boolean {
    if (this.#held) return true;
    this.#held = this.#nextFrame();
    if (!this.#held) return false;
    this.#heldIsTruncated = this.#splitter.truncated;
    this.#intake.counts.frames++;
    // guard: blank lines keep no connection
    if (!isEmpty(this.#held)) this.#messageAt = this.#cameAt;
    return true;
  }

  #handOn(): void {
    const { dispatcher } = this.#intake;
    const frame = this.#held as Buffer;
    this.#held = undefined;
    const truncated = this.#heldIsTruncated;
    const message = read(this.#intake, frame, { at: this.#receivedAt, source: this.#source, truncated });
    if (message) dispatcher.take(message, frame.length, this);
  }

  #nextFrame(): Buffer | undefined {
    const frame = this.#splitter.next();
    if (frame || !this.#stop) return frame;
    if (this.#readAhead) {
      const chunk = this.#readAhead;
      this.#readAhead = null;
      this.#push(chunk);
      return this.#nextFrame();
    }
    const opened = this.#opening?.end();
    if (opened) this.#open(opened);
    return this.#stop === 'ended' ? this.#splitter.flush() : this.#splitter.next();
  }

  /** Gives up, since there will be no more room: counts the messages that had come as lost. */
  #giveUp(): void {
    this.#stopReading('closed');
    this.#held = undefined;
    let lost = 1;
    while (this.#nextFrame()) lost++;
    this.#lose(lost, 'their receiver has ended');
    this.#tellFaults();
    this.#close();
  }

  #lose(count: number, why: string, fields?: object): void {
    const { counts, problemLog, name } = this.#intake;
    counts.framesLost += count;
    const { address: remoteAddress, port: remotePort } = this.#source;
    const peer = { listener: name, remoteAddress, remotePort };
    problemLog.note('framesLost', `received messages are lost: ${why}`, { ...peer, ...fields }, count);
  }

  #tellFaults(): void {
    const { refused, misfits } = this.#splitter;
    if (refused > this.#refused) refuse(this.#intake, this.#source, refused - this.#refused);
    this.#refused = refused;
    if (misfits > this.#misfits) this.#tellMisfits(misfits - this.#misfits);
    this.#misfits = misfits;
  }

  #tellMisfits(count: number): void {
    this.#intake.counts.countsWrong += count;
    const text =
      'an octet count did not fit what followed, or was missing: messages may be cut at the wrong place. Let the sender end messages with newlines, or configure "framing"';
    tell(this.#intake, 'countWrong', text, this.#source, count);
  }

  #close(): void {
    const { remainder } = this.#splitter;
    if (remainder !== undefined) {
      this.#intake.counts.framesBroken++;
      const text = `a connection ended in the middle of a message; ${remainder} had arrived`;
      tell(this.#intake, 'frameBroken', text, this.#source);
    }
    this.#setDone();
  }
}
