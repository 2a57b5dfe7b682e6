import type { Socket } from 'node:net';
import type { Sender } from './dispatcher.js';
import { FrameSplitter } from './framing.js';
import { read, refuse, tell, type Intake } from './intake.js';
import type { SyslogMessage, SyslogSource } from './message.js';

/**
 * One connection. Its frames are handed on in order, none is skipped: while it has to wait for its turn the socket is not read, so
 * that the sender is pushed back.
 */
export class Connection implements Sender {
  /** Resolves when the connection is closed, and whatever came from it handed on. Never rejects. */
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #intake: Intake;
  readonly #splitter: FrameSplitter;
  readonly #source: SyslogSource;
  #setDone!: () => void;
  /** What waits for its turn, and how long its frame was. */
  #held: SyslogMessage | undefined;
  #length = 0;
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
    if (this.#held) return void this.#socket.setTimeout(ms);
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
    if (!this.#held) this.#advance();
  }

  /** A message that was taken from here is lost. */
  lose(why: string, fields?: object): void {
    this.#lose(1, why, fields);
  }

  /** Hands on what has come, as far as there is room; then goes on reading, or closes. */
  readonly #advance = (): void => {
    const { dispatcher } = this.#intake;
    for (let more = this.#held !== undefined || this.#hold(); more; more = this.#hold()) {
      if (this.#held === undefined || dispatcher.offer(this.#held, this.#length, this)) continue;
      if (dispatcher.isOver) return this.#giveUp();
      this.#socket.pause();
      return dispatcher.wait(this.#advance);
    }
    this.#tellRefused();
    if (this.#stop) this.#close();
    else if (this.#socket.isPaused()) this.#socket.resume();
  };

  /** Makes the next frame what is held; nothing, if it is a message that nobody wants. False if there is no frame. */
  #hold(): boolean {
    this.#held = undefined;
    const frame = this.#nextFrame();
    if (!frame) return false;
    this.#held = this.#read(frame);
    this.#length = frame.length;
    return true;
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

  /** There will be no room any more: counts what had come. */
  #giveUp(): void {
    this.#stopReading('closed');
    this.#held = undefined;
    let lost = 1;
    while (this.#nextFrame()) lost++;
    this.#lose(lost, 'nobody takes them any more');
    this.#tellRefused();
    this.#close();
  }

  #lose(count: number, why: string, fields?: object): void {
    const { counts, troubles, name } = this.#intake;
    counts.framesLost += count;
    const { address: remoteAddress, port: remotePort } = this.#source;
    const peer = { listener: name, remoteAddress, remotePort };
    troubles.note('framesLost', `received messages are lost: ${why}`, { ...peer, ...fields }, count);
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
