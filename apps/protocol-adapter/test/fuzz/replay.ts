import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { noteIds, type Recorded } from './recording.js';

/** A server that nobody speaks to for so long says all that is left, and then ends: longer than systems hold an ACK back (40 ms). In milliseconds. */
const QUIET_MS = 100;
/** Turns of the event loop that have to go by as well: with many clients each is slow. */
const QUIET_TURNS = 20;

/** A server on loopback that says again what another one said, in the same turns, whatever its clients say. */
export class ReplayServer {
  readonly #server: Server;
  readonly #pattern: RegExp | undefined;
  /** And what is done about each when all is quiet. */
  readonly #sockets = new Map<Socket, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #waits = 0;
  #connections: readonly Recorded[] = [];
  #next = 0;

  /** `pattern` finds ids that clients choose: they stand for those of the recording. */
  constructor(pattern: RegExp | undefined) {
    this.#pattern = pattern;
    this.#server = createServer({ noDelay: true }, (socket) => this.#talk(socket));
  }

  async open(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on the connections say this, the first one first; those beyond are as the last one. */
  play(connections: readonly Recorded[]): void {
    this.cut();
    this.#connections = connections;
    this.#next = 0;
  }

  /** Cuts all there are. */
  cut(): void {
    clearTimeout(this.#timer);
    this.#waits++;
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #talk(socket: Socket): void {
    const recording = this.#connections[Math.min(this.#next++, this.#connections.length - 1)];
    if (recording === undefined) return void socket.destroy();
    const left = [...recording.sayings];
    const ids: string[] = [];
    let heard = 0;
    const speak = (): void => {
      while (left[0] !== undefined && left[0].heard <= heard) {
        const [{ bytes }] = left.splice(0, 1) as [Recorded['sayings'][number]];
        socket.write(withIds(bytes, recording.ids, ids));
      }
    };
    this.#sockets.set(socket, () => {
      if (left.length === 0) return void socket.destroy();
      heard = Infinity;
      speak();
    });
    socket
      .on('error', () => {})
      .on('close', () => this.#sockets.delete(socket))
      .on('data', (said: Buffer) => {
        this.#wait();
        heard += said.length;
        noteIds(ids, said, this.#pattern);
        speak();
      });
    this.#wait();
    speak();
  }

  /** A client with several connections may be busy with another one. */
  #wait(): void {
    const wait = ++this.#waits;
    const goOn = async (): Promise<void> => {
      for (let turns = 0; turns < QUIET_TURNS && wait === this.#waits; turns++) await turn();
      if (wait !== this.#waits) return;
      for (const goOn of this.#sockets.values()) goOn();
      if (this.#sockets.size > 0) this.#wait();
    };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void goOn(), QUIET_MS);
  }
}

function withIds(bytes: Buffer, recorded: readonly string[], ids: readonly string[]): Buffer {
  if (recorded.length === 0) return bytes;
  let text = bytes.toString('latin1');
  for (const [index, id] of recorded.entries()) text = text.replaceAll(id, () => ids[index] ?? id);
  return Buffer.from(text, 'latin1');
}
