import { setImmediate as turn } from 'node:timers/promises';
import { atPort } from './in-process.js';
import type { ClientSocket } from './client-socket.js';
import { noteIds, type Recorded } from './recording.js';

/** A server that nobody speaks to for so many turns of the event loop says all that is left, and then ends. */
const QUIET_TURNS = 20;

/** What is left to be said over a connection. */
interface Talk {
  readonly recording: Recorded;
  readonly left: Recorded['sayings'][number][];
  readonly ids: string[];
  heard: number;
}

/** A server inside the process that says again what another one said, in the same turns, whatever its clients say. */
export class ReplayServer {
  readonly #pattern: RegExp | undefined;
  readonly #close: () => void;
  readonly port: number;
  readonly #talks = new Map<ClientSocket, Talk>();
  #waits = 0;
  #connections: readonly Recorded[] = [];
  #next = 0;

  /** `pattern` finds ids that clients choose: they stand for those of the recording. */
  constructor(pattern: RegExp | undefined) {
    this.#pattern = pattern;
    const { port, close } = atPort((socket) => this.#talk(socket));
    this.port = port;
    this.#close = close;
  }

  /** From now on the connections say this, the first one first; those beyond are as the last one. */
  play(connections: readonly Recorded[]): void {
    this.#cut();
    this.#connections = connections;
    this.#next = 0;
  }

  close(): void {
    this.#cut();
    this.#close();
  }

  #cut(): void {
    this.#waits++;
    for (const socket of this.#talks.keys()) socket.destroy();
  }

  #talk(socket: ClientSocket): void {
    const recording = this.#connections[Math.min(this.#next++, this.#connections.length - 1)];
    if (recording === undefined) return void socket.destroy();
    const talk: Talk = { recording, left: [...recording.sayings], ids: [], heard: 0 };
    this.#talks.set(socket, talk);
    socket.once('close', () => this.#talks.delete(socket));
    socket.onSaid((said) => {
      void this.#wait();
      talk.heard += said.length;
      noteIds(talk.ids, said, this.#pattern);
      speak(socket, talk);
    });
    void this.#wait();
    speak(socket, talk);
  }

  /** A client with several connections may be busy with another one. */
  async #wait(): Promise<void> {
    const wait = ++this.#waits;
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      await turn();
      if (wait !== this.#waits) return;
      for (const socket of this.#talks.keys()) if (!socket.hasHeardAll) turns = 0;
    }
    for (const [socket, talk] of this.#talks) {
      if (talk.left.length === 0) socket.hangUp();
      talk.heard = Infinity;
      speak(socket, talk);
    }
    if (this.#talks.size > 0) void this.#wait();
  }
}

function speak(socket: ClientSocket, { recording, left, ids, heard }: Talk): void {
  while (left[0] !== undefined && left[0].heard <= heard) {
    const [{ bytes }] = left.splice(0, 1) as [Recorded['sayings'][number]];
    socket.hear(withIds(bytes, recording.ids, ids));
  }
}

function withIds(bytes: Buffer, recorded: readonly string[], ids: readonly string[]): Buffer {
  if (recorded.length === 0) return bytes;
  let text = bytes.toString('latin1');
  for (const [index, id] of recorded.entries()) text = text.replaceAll(id, () => ids[index] ?? id);
  return Buffer.from(text, 'latin1');
}
