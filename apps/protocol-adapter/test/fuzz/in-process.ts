import { syncBuiltinESMExports } from 'node:module';
import net, { type NetConnectOpts } from 'node:net';
import { ClientSocket } from './client-socket.js';

/** No real server listens at such ports: they take privileges. */
const LAST_PORT = 1023;

const listeners = new Map<number, (socket: ClientSocket) => void>();
const dial = net.connect;

// Connectors and their libraries all connect by this. Sockets of the system would cost more than all that is done with them.
Object.assign(net, {
  connect: (options: NetConnectOpts, ...others: never[]) => {
    const accept = listeners.get(Number(Object(options).port));
    if (accept === undefined) return dial(options, ...others);
    const socket = new ClientSocket();
    accept(socket);
    return socket;
  },
});
syncBuiltinESMExports();

/** A port of this process only; `accept` gets each connection to it. */
export function atPort(accept: (socket: ClientSocket) => void): { readonly port: number; readonly close: () => void } {
  let port = 1;
  while (listeners.has(port)) port++;
  if (port > LAST_PORT) throw new Error('there are too many servers in this process');
  listeners.set(port, accept);
  return { port, close: () => void listeners.delete(port) };
}
