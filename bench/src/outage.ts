import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBlock, Sputnik, type ServerConnector } from '@sputnikjs/core';

const AWAY_MS = 1_500;
/** Long enough for a connection to count as one that works. */
const THERE_MS = 700;

/**
 * Has a server go for 1.5 s and come back, again and again. Resolves with the milliseconds from its return to the first message
 * of a satellite that says hello to each connection.
 */
export async function measureOutages(outages: number): Promise<readonly number[]> {
  const port = await freePort();
  const hello = defineBlock<undefined, {}, Socket>({
    name: 'hello',
    make: () => ({ onServerConnect: (socket) => void socket.write('hello') }),
  });
  const options = { appBlocks: [{ name: 'hello' }], blockFactories: { hello }, connector: tcpConnector(port) };
  const flight = await new Sputnik<Socket>(options).prepare();
  void flight.launch();
  const delays: number[] = [];
  for (let n = 0; n < outages; n++) {
    await sleep(AWAY_MS);
    delays.push(await msToHello(port));
  }
  await flight.shootDown();
  return delays;
}

/** A server is there for a while: how long it took until somebody said hello. */
async function msToHello(port: number): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('data', () => server.emit('hello'));
  });
  await listening(server, port);
  const since = performance.now();
  await once(server, 'hello');
  const took = performance.now() - since;
  await sleep(THERE_MS);
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
  return took;
}

function tcpConnector(port: number): ServerConnector<Socket> {
  let socket: Socket | undefined;
  return {
    async connect(_config, { signal, lost }) {
      socket = connect({ port, host: '127.0.0.1', signal });
      await once(socket, 'connect');
      socket.on('error', () => {}).once('close', () => lost());
      return socket;
    },
    isConnected: () => socket?.readyState === 'open',
    disconnect: () => void socket?.destroy(),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await listening(server, 0);
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}
