import type { Socket } from 'node:net';
import { FrameSplitter } from './framing.js';
import type { Intake } from './intake.js';
import type { SyslogMessage } from './message.js';
import { parseSyslog } from './parse.js';

/**
 * One TCP connection. Its frames are handed on in order, none is skipped: while the publisher's mailbox is full the socket
 * is not read, so that the sender is pushed back.
 */
export class Connection {
  /** Resolves when the connection is closed, and whatever came from it handed on. Never rejects. */
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #intake: Intake;
  readonly #splitter: FrameSplitter;
  readonly #peer: { readonly remoteAddress: string | undefined; readonly remotePort: number | undefined };
  #setDone!: () => void;
  #waitsForRoom = false;
  #receivedAt = new Date();
  /** Why nothing more comes: the sender ended the stream, the connection broke, or we land. */
  #stop: 'ended' | 'broken' | 'landing' | undefined;
  /** What the socket had read while it was paused, once nothing more is read. */
  #readAhead: Buffer | null = null;

  /** The socket has to be paused. */
  constructor(socket: Socket, intake: Intake) {
    this.#socket = socket;
    this.#intake = intake;
    this.#splitter = new FrameSplitter(intake.maxMessageBytes);
    this.#peer = { remoteAddress: socket.remoteAddress, remotePort: socket.remotePort };
    this.done = new Promise((resolve) => (this.#setDone = resolve));
    socket.on('error', (error) => {
      intake.troubles.note('connectionFailed', `a connection failed: ${error.message}`, this.#peer);
      this.#stopReading('broken');
    });
  }

  /** Begins to read. */
  start(): void {
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
    this.#stopReading('landing');
    return this.done;
  }

  #push(chunk: Buffer): void {
    this.#receivedAt = new Date();
    this.#splitter.push(chunk);
  }

  #stopReading(why: 'ended' | 'broken' | 'landing'): void {
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
    try {
      for (let frame = this.#nextFrame(); frame; frame = this.#nextFrame()) {
        const message = this.#read(frame);
        if (!this.#intake.publisher.send(message)) return this.#waitForRoom(message);
      }
    } catch (error) {
      return this.#failAt(error as Error);
    }
    if (!this.#stop) {
      if (this.#socket.isPaused()) this.#socket.resume();
    } else if (this.#splitter.incomplete) {
      this.#failAt(new Error('a connection ended in the middle of a frame'));
    } else {
      this.#close();
    }
  }

  #nextFrame(): Buffer | undefined {
    const frame = this.#splitter.next();
    if (frame || !this.#stop) return frame;
    if (!this.#readAhead) return this.#stop === 'ended' ? this.#splitter.flush() : undefined;
    this.#push(this.#readAhead);
    this.#readAhead = null;
    return this.#nextFrame();
  }

  #read(frame: Buffer): SyslogMessage {
    const { counts, troubles, maxMessageBytes } = this.#intake;
    const whole = parseSyslog(frame, this.#receivedAt);
    counts.frames++;
    if (!this.#splitter.truncated) return whole;
    counts.framesTruncated++;
    troubles.note(
      'frameTruncated',
      `a message was longer than maxMessageBytes (${maxMessageBytes}); its end is lost`,
      this.#peer,
    );
    const { message, ...head } = whole;
    return { ...head, truncated: true, message };
  }

  #waitForRoom(message: SyslogMessage): void {
    const { publisher, signal } = this.#intake;
    this.#waitsForRoom = true;
    this.#socket.pause();
    publisher.post(message, { signal }).then(
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
    this.#stopReading('landing');
    let lost = 1;
    try {
      while (this.#nextFrame()) lost++;
    } catch {
      this.#intake.counts.framesBroken++;
    }
    this.#intake.counts.framesLost += lost;
    this.#intake.troubles.note(
      'framesLost',
      'received messages are lost: nobody takes them any more',
      this.#peer,
      lost,
    );
    this.#close();
  }

  #failAt(error: Error): void {
    this.#intake.counts.framesBroken++;
    this.#intake.troubles.note('frameBroken', error.message, this.#peer);
    this.#close();
  }

  #close(): void {
    this.#stop ??= 'broken';
    this.#socket.destroy();
    this.#setDone();
  }
}
