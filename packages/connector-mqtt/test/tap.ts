import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { packetsOf } from './wire.js';

/** A wire to a server that sees what clients send. */
export interface Tap {
  readonly url: string;
  /** How many bytes clients have sent. */
  bytes(): number;
  /** The packet identifiers that one client has acknowledged, in order. */
  acknowledged(): readonly number[];
  /** Resolves when the last bytes that were sent are these. */
  endsWith(bytes: Buffer): Promise<void>;
}

export async function tap(t: TestContext, port: number): Promise<Tap> {
  let seen = Buffer.alloc(0);
  let looks: (() => void)[] = [];
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    socket.on('data', (data) => {
      seen = Buffer.concat([seen, data]);
      for (const look of looks) look();
    });
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy());
    t.after(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => seen.length,
    acknowledged: () =>
      packetsOf(seen)[0]
        .filter(({ type }) => type === 0x40)
        .map(({ body }) => body.readUInt16BE(0)),
    endsWith: (bytes) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (seen.subarray(-bytes.length).equals(bytes)) resolve();
        };
        looks = [...looks, look];
        look();
      }),
  };
}
