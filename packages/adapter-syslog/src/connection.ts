import type { Socket } from 'node:net';
import { FrameSplitter } from './framing.js';
import { read, refuse, tell, type Intake } from './intake.js';
import type { SyslogMessage, SyslogSource } from './message.js';

/**
 * One connection. Its frames are handed on in order, none is skipped: while the publisher's mailbox is full the socket
 * is not read, so that the sender is pushed back.
 */
export class Connection {
  /** Resolves when the connection is closed, and whatever came from it handed on. Never rejects. */
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #intake: Intake;
  readonly #splitter: FrameSplitter;
  readonly #source: SyslogSource;
  #setDone!: () => void;
  #waitsForRoom = false;
  #receivedAt = new Date();
  #refused = 0;
  /** Why nothing more comes: the sender ended the stream, the connection broke, or we end it. */
  #stop: 'ended' | 'broken' | 'closed' | undefined;
  /** What the socket had read while it was paused, once nothing more is read. */
  #readAhead: Buffer | null = null;

  /** The socket is not to be read by anybody else. */
  constructor(socket: Socket, source: SyslogSource, intake: Intake) {
    this.#socket = socket;
    this.#intake = intake;
    this.#splitter = new FrameSplitter(intake.config);
    this.#source = source;
    this.done = new Promise((resolve) => (this.#setDone = resolve));
    socket.on('error', (error) => {
      intake.counts.connectionsFailed++;
      tell(intake, 'connectionFailed', `a connection failed: ${error.message}`, source);
      this.#stopReading('broken');
    });
  }

  /** Begins to read. */
  start(): void {
    const { idleTimeoutMs } = this.#intake.config;
    this.#socket.setTimeout(idleTimeoutMs);
    this.#socket.on('timeout', () => this.#idle(idleTimeoutMs));
    this.#socket.on('data', (chunk: Buffer) => {
      this.#push(chunk);
      this.#advance();
    });
    this.#socket.on('end', () => this.#stopReading('ended'));
    this.#socket.on('close', () => this.#stopReading('broken'));
    this.#socket.resume();
  }

  /** Reads nothing more from the network, hands on what has come, and closes. */
  land(): Promise<void> {
    this.#stopReading('closed');
    return this.done;
  }

  #idle(ms: number): void {
    // Whom we push back cannot send.
    if (this.#waitsForRoom) return void this.#socket.setTimeout(ms);
    this.#intake.counts.connectionsIdle++;
    tell(this.#intake, 'connectionIdle', `a connection was closed: nothing came from it for ${ms} ms`, this.#source);
    this.#stopReading('closed');
  }

  #push(chunk: Buffer): void {
    this.#receivedAt = new Date();
    this.#splitter.push(chunk);
  }

  #stopReading(why: 'ended' | 'broken' | 'closed'): void {
    if (this.#stop) return;
    this.#stop = why;
    this.#socket.removeAllListeners('data');
    this.#socket.pause();
    this.#readAhead = this.#socket.read() as Buffer | null;
    this.#socket.destroy();
    if (!this.#waitsForRoom) this.#advance();
  }

  /** Hands on what has come, as far as there is room; then goes on reading, or closes. */
  #advance(): void {
    const { publisher } = this.#intake;
    for (let frame = this.#nextFrame(); frame; frame = this.#nextFrame()) {
      const message = this.#read(frame);
      if (message && !publisher.send(message)) return this.#waitForRoom(message);
    }
    this.#tellRefused();
    if (this.#stop) this.#close();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #nextFrame(): Buffer | undefined {
    const frame = this.#splitter.next();
    if (frame || !this.#stop) return frame;
    if (!this.#readAhead) return this.#stop === 'ended' ? this.#splitter.flush() : undefined;
    this.#push(this.#readAhead);
    this.#readAhead = null;
    return this.#nextFrame();
  }

  #read(frame: Buffer): SyslogMessage | undefined {
    this.#intake.counts.frames++;
    const { truncated } = this.#splitter;
    return read(this.#intake, frame, { at: this.#receivedAt, source: this.#source, truncated });
  }

  #waitForRoom(message: SyslogMessage): void {
    const { publisher, ctx } = this.#intake;
    this.#waitsForRoom = true;
    this.#socket.pause();
    publisher.post(message, { signal: ctx.signal }).then(
      (taken) => {
        if (!taken) return this.#giveUp();
        this.#waitsForRoom = false;
        this.#advance();
      },
      () => this.#giveUp(),
    );
  }

  /** There will be no room any more: counts what had come. */
  #giveUp(): void {
    this.#stopReading('closed');
    let lost = 1;
    while (this.#nextFrame()) lost++;
    this.#intake.counts.framesLost += lost;
    tell(this.#intake, 'framesLost', 'received messages are lost: nobody takes them any more', this.#source, lost);
    this.#tellRefused();
    this.#close();
  }

  #tellRefused(): void {
    const { refused } = this.#splitter;
    if (refused > this.#refused) refuse(this.#intake, this.#source, refused - this.#refused);
    this.#refused = refused;
  }

  #close(): void {
    const { remainder } = this.#splitter;
    if (remainder !== undefined) {
      this.#intake.counts.framesBroken++;
      const text = `a connection ended in the middle of a message, of which ${remainder} had come`;
      tell(this.#intake, 'frameBroken', text, this.#source);
    }
    this.#setDone();
  }
}
