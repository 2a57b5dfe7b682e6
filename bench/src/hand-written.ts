// What somebody would write by hand in place of the protocol adapter: syslog (RFC 5424) over TCP and UDP, and HTTP, into JetStream, with the same
// fields, the same pushing back, and an answer to HTTP when the server has the message. It knows no other format, framing, fault or landing.
//   node hand-written.js URL SUBJECT TCP-PORT UDP-PORT HTTP-PORT
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { connect, createInbox } from '@nats-io/transport-node';
import { fastify } from 'fastify';

const [url = '', subject = '', ...ports] = process.argv.slice(2);
const [tcpPort = 0, udpPort = 0, httpPort = 0] = ports.map(Number);
/** Messages that no acknowledgement has come for, at most. */
const MOST = 1024;
const HEADER = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (?:-|\[[^\]]*\]) ?(.*)$/;

const nats = await connect({ servers: url });

/** Acknowledgements of syslog messages are only counted. Those of HTTP messages each end a request. */
const inbox = createInbox();
const [paused, answers] = [new Set<Socket>(), new Map<number, () => void>()];
let [underWay, next] = [0, 0];
nats.subscribe(inbox, {
  callback: () => {
    if (--underWay > MOST / 2 || paused.size === 0) return;
    for (const socket of paused) socket.resume();
    paused.clear();
  },
});
nats.subscribe(`${inbox}.*`, {
  callback: (_, { subject: to }) => {
    const id = Number(to.slice(inbox.length + 1));
    answers.get(id)?.();
    answers.delete(id);
  },
});

interface Source {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly transport: string;
  readonly listener: string;
}

function publishLine(line: string, received_at: string, source: Source): void {
  const [, pri = '', timestamp, hostname, app_name, proc_id, msg_id, message] = HEADER.exec(line) ?? [];
  const priority = Number(pri);
  const json = {
    received_at,
    source,
    rfc: 'RFC5424',
    priority,
    facility: priority >> 3,
    severity: priority & 7,
    version: 1,
    timestamp,
    hostname,
    app_name,
    proc_id,
    msg_id: msg_id === '-' ? undefined : msg_id,
    message,
  };
  underWay++;
  nats.publish(subject, JSON.stringify(json), { reply: inbox });
}

const tcp = createServer((socket) => {
  const listener = `127.0.0.1:${tcpPort}`;
  const source = { address: socket.remoteAddress, port: socket.remotePort, transport: 'tcp', listener };
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const received_at = new Date().toISOString();
    for (const line of lines) publishLine(line, received_at, source);
    if (underWay < MOST) return;
    socket.pause();
    paused.add(socket);
  });
}).listen(tcpPort, '127.0.0.1');
await once(tcp, 'listening');

const udp = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
udp.on('message', (datagram, { address, port }) => {
  const source = { address, port, transport: 'udp', listener: `127.0.0.1:${udpPort}` };
  publishLine(datagram.toString(), new Date().toISOString(), source);
});
udp.bind(udpPort, '127.0.0.1');
await once(udp, 'listening');

const http = fastify();
http.removeAllContentTypeParsers();
http.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
http.post('/produce/*', async (request, reply) => {
  const id = next++;
  await new Promise<void>((resolve) => {
    answers.set(id, resolve);
    nats.publish(subject, request.body as Buffer, { reply: `${inbox}.${id}` });
  });
  return reply.code(202).send();
});
await http.listen({ port: httpPort, host: '127.0.0.1' });
console.log('listening');
