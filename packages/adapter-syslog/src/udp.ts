import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { bind } from './bind.js';
import type { Intake } from './intake.js';
import { parseSyslog } from './parse.js';

const ZERO = 48;
const SPACE = 32;

/** Listens for UDP datagrams (RFC 5426): one message each. Senders cannot be pushed back. */
export class UdpListener {
  readonly #intake: Intake;
  readonly #bufferBytes: number;
  #socket: Socket | undefined;

  constructor(intake: Intake, bufferBytes: number) {
    this.#intake = intake;
    this.#bufferBytes = bufferBytes;
  }

  /** Resolves with the port. Rejects with an Error that says what to do. */
  async listen(address: string, family: number, port: number): Promise<number> {
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', recvBufferSize: this.#bufferBytes });
    try {
      await bind('UDP', socket, address, port, () => socket.bind({ address, port }));
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#socket = socket;
    socket.on('error', (error) => this.#intake.troubles.note('receiveFailed', `UDP: ${error.message}`));
    socket.on('message', (datagram, { address }) => this.#take(datagram, address));
    this.#checkBuffer(socket.getRecvBufferSize());
    return socket.address().port;
  }

  /** Takes no more datagrams. */
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }

  #take(datagram: Buffer, remoteAddress: string): void {
    const { publisher, counts, troubles } = this.#intake;
    if (publisher.send(parseSyslog(withoutCount(datagram), new Date()))) {
      counts.datagrams++;
      return;
    }
    counts.datagramsDropped++;
    troubles.note('datagramsDropped', 'datagrams were dropped: they come faster than they are published', {
      remoteAddress,
    });
  }

  #checkBuffer(reported: number): void {
    // Linux reports twice what it grants: half is for its own bookkeeping (socket(7), SO_RCVBUF).
    const bytes = process.platform === 'linux' ? reported / 2 : reported;
    if (bytes >= this.#bufferBytes) return;
    const fields = { event: 'smallBuffer', bytes, wanted: this.#bufferBytes };
    const advice = `sysctl -w net.core.rmem_max=${this.#bufferBytes}`;
    this.#intake.log.warn(fields, `the kernel limits the UDP buffer; bursts may be lost. To raise it: ${advice}`);
  }
}

/** `logger -d --octet-count` sends the octet count in datagrams too. Taken off if it is right. */
function withoutCount(datagram: Buffer): Buffer {
  const first = datagram[0] as number;
  if (!(first > ZERO && first <= ZERO + 9)) return datagram;
  const space = datagram.indexOf(SPACE);
  const counted = datagram.subarray(space + 1);
  return space > 0 && datagram.toString('latin1', 0, space) === String(counted.length) ? counted : datagram;
}
