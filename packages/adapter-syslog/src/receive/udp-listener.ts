import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { arrived } from '@sputnikjs/messaging/net';
import { bind, passedSocket, placeOf, plainAddress, type Address } from '@sputnikjs/messaging/net';
import type { Datagram, Sender } from './dispatcher.js';
import { read, refuse, tell, type Intake, type Listener } from './intake.js';
import { kernelDrops } from './kernel-drops.js';
import type { Received, SyslogMessage, SyslogSource } from '../parse/message.js';

const ZERO = 48;
const SPACE = 32;
/** How often to read the kernel's count of dropped datagrams. */
const UPDATE_MS = 10_000;
/** Most turns of the event loop in which a landing still reads, 32 datagrams in each. */
const MOST_TURNS = 256;

/** Listens for UDP datagrams (RFC 5426): one message each. Senders cannot be pushed back. */
export class UdpListener implements Listener, Sender {
  readonly intake: Intake;
  readonly #address: string;
  readonly #closed = new AbortController();
  #socket: Socket | undefined;
  #place: Address | undefined;
  /** What the kernel had dropped at a passed socket: it may be older than this process. */
  #dropsBefore = 0;
  /** The sender of the latest datagram, kept since the next one often has the same. */
  #source: SyslogSource;

  constructor(intake: Intake, address: string) {
    this.intake = intake;
    this.#address = address;
    this.#source = { address: '', port: -1, transport: 'udp', listener: '' };
  }

  async open(port: number): Promise<Address> {
    const { intake } = this;
    const place = { address: this.#address, port };
    const type = isIPv6(place.address) ? 'udp6' : 'udp4';
    const fd = await passedSocket({ protocol: 'udp', host: place.address, port });
    intake.passed = fd !== undefined;
    // what the kernel dropped before this process had the socket is not its loss
    if (intake.passed) this.#dropsBefore = (await kernelDrops(place)) ?? 0;
    // the service manager may give a larger buffer than this process may
    const socket = createSocket(fd === undefined ? { type, recvBufferSize: intake.config.udpBufferBytes } : { type });
    try {
      await bind(`UDP ${placeOf(place)}`, socket, () => socket.bind(fd === undefined ? place : { fd }));
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#socket = socket;
    this.#place = socket.address();
    intake.name = intake.config.name ?? placeOf(this.#place);
    socket.on('error', (error) => tell(intake, 'receiveFailed', `UDP: ${error.message}`));
    socket.on('message', (datagram, { address, port }) => this.#take(datagram, address, port));
    this.#checkBuffer(socket.getRecvBufferSize());
    return this.#place;
  }

  start(): void {
    void this.#updateOften();
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#closed.abort();
    await arrived(() => this.intake.counts.datagrams, MOST_TURNS);
    // The kernel forgets the count when the socket closes.
    await this.#count();
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }

  async updateCounts(): Promise<void> {
    if (this.#socket) await this.#count();
  }

  lose(why: string, fields?: object): void {
    this.intake.counts.datagramsDropped++;
    const { problemLog, name } = this.intake;
    problemLog.note('datagramsDropped', `datagrams were dropped: ${why}`, { listener: name, ...fields });
  }

  async #updateOften(): Promise<void> {
    for await (const _ of this.intake.ctx.clock.every(UPDATE_MS, this.#closed.signal)) await this.updateCounts();
  }

  async #count(): Promise<void> {
    const { counts, config } = this.intake;
    const drops = ((this.#place && (await kernelDrops(this.#place))) ?? 0) - this.#dropsBefore;
    const fresh = drops - counts.datagramsDroppedByKernel;
    if (fresh <= 0) return;
    counts.datagramsDroppedByKernel = drops;
    const text = `the kernel dropped datagrams: they arrived faster than they were read. A larger udpBufferBytes (${config.udpBufferBytes}) and net.core.rmem_max help against bursts`;
    tell(this.intake, 'datagramsDroppedByKernel', text, undefined, fresh);
  }

  #take(datagram: Buffer, address: string, port: number): void {
    const { intake } = this;
    const { counts, config, dispatcher } = intake;
    counts.datagrams++;
    const source = this.#sourceOf(address, port);
    const frame = withoutCount(datagram);
    const truncated = frame.length > config.maxMessageBytes;
    if (truncated && config.tooLong === 'refuse') return refuse(intake, source, 1);
    const part = truncated ? frame.subarray(0, config.maxMessageBytes) : frame;
    dispatcher.offerDatagram(new UdpDatagram(this, part, { at: new Date(), source, truncated }));
  }

  #sourceOf(address: string, port: number): SyslogSource {
    const { address: last, port: lastPort } = this.#source;
    const plain = plainAddress(address);
    if (port !== lastPort || plain !== last)
      this.#source = { address: plain, port, transport: 'udp', listener: this.intake.name };
    return this.#source;
  }

  #checkBuffer(reported: number): void {
    const wanted = this.intake.config.udpBufferBytes;
    // Linux reports twice what it grants: half is for its own bookkeeping (socket(7), SO_RCVBUF).
    const bytes = process.platform === 'linux' ? reported / 2 : reported;
    if (bytes >= wanted) return;
    const fields = { event: 'smallBuffer', listener: this.intake.name, bytes, wanted };
    const text = this.intake.passed
      ? `the UDP buffer is small; bursts may be lost. To raise it, in the unit of the socket: ReceiveBuffer=${wanted}`
      : `the kernel limits the UDP buffer; bursts may be lost. To raise it: sysctl -w net.core.rmem_max=${wanted}`;
    this.intake.ctx.log.warn(fields, text);
  }
}

/** No function of its own for each: there may be 100,000 a second. */
class UdpDatagram implements Datagram {
  readonly sender: UdpListener;
  readonly #octets: Buffer;
  readonly #received: Received;

  constructor(sender: UdpListener, octets: Buffer, received: Received) {
    this.sender = sender;
    this.#octets = octets;
    this.#received = received;
  }

  get bytes(): number {
    return this.#octets.length;
  }

  read(): SyslogMessage | undefined {
    return read(this.sender.intake, this.#octets, this.#received);
  }
}

/** Removes a correct octet count: `logger -d --octet-count` sends one in datagrams, too. */
function withoutCount(datagram: Buffer): Buffer {
  const first = datagram[0] as number;
  if (!(first >= ZERO && first <= ZERO + 9)) return datagram;
  const space = datagram.indexOf(SPACE);
  const counted = datagram.subarray(space + 1);
  return space > 0 && datagram.toString('latin1', 0, space) === String(counted.length) ? counted : datagram;
}
