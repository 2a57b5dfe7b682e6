// The connector uses the NATS library beyond what it documents. These tests say where the library is no longer as it needs it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as library from '@nats-io/transport-node';
import type * as inner from '@nats-io/transport-node/lib/node_transport.js';
import { natsServer } from '@sputnikjs/testkit/servers';

const PATH = '@nats-io/transport-node/lib/node_transport.js';
const FILE = 'link/internals.ts';

/** What is told of a part of the library that is not as it was. */
function changed(what: string): string {
  return `the NATS library has changed inside: ${what}. src/${FILE} of this connector needs it; pin the version before, or adapt that file`;
}

type Inside = typeof inner;

async function inside(): Promise<Inside> {
  const found = await import('@nats-io/transport-node/lib/node_transport.js').catch((cause: Error) => {
    throw new Error(changed(`${PATH} cannot be imported`), { cause });
  });
  for (const name of ['NodeTransport', 'nodeResolveHost'] as const)
    assert.equal(typeof found[name], 'function', changed(`${PATH} has no ${name}`));
  return found;
}

test('the transport that ours extends has the members that it uses', async () => {
  const { NodeTransport } = await inside();
  const transport = new NodeTransport();
  for (const name of ['connect', 'send', 'iterate', 'setupHandlers'] as const)
    assert.equal(typeof transport[name], 'function', changed(`NodeTransport has no method ${name}`));
  const { yields, connected, done, signal } = transport;
  const fields = { yields, connected, done, resolve: typeof signal?.resolve };
  const expected = { yields: [], connected: false, done: false, resolve: 'function' };
  assert.deepEqual(fields, expected, changed('the fields of a new NodeTransport'));
});

test('a transport that is given an open socket gives what was read before, what comes, and tells of the end', async (t) => {
  const { NodeTransport } = await inside();
  const server = createServer((socket) => socket.end(' and then')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const transport = new NodeTransport();
  transport.options = {};
  transport.socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  transport.connected = true;
  transport.yields.push(Buffer.from('before'));
  transport.setupHandlers();
  transport.signal.resolve();
  let text = '';
  for await (const piece of transport.iterate()) {
    text += Buffer.from(piece).toString();
    if (text.length >= 'before and then'.length) break;
  }
  assert.equal(text, 'before and then', changed('what a NodeTransport yields'));
  assert.equal(await transport.closed(), undefined, changed('a NodeTransport does not say that its socket has closed'));
  assert.equal(transport.done, true, changed('a NodeTransport whose socket has closed is not done'));
});

test('the library connects by the transport that was set last, with all options, and sends all by it', async (t) => {
  const { NodeTransport, nodeResolveHost } = await inside();
  const server = await natsServer(t);
  await server.start();
  const given: unknown[] = [];
  const sent: string[] = [];
  class Watched extends NodeTransport {
    override async connect(...args: Parameters<InstanceType<Inside['NodeTransport']>['connect']>): Promise<void> {
      given.push((args[1] as unknown as Record<string, unknown>)['sputnikOpened']);
      await super.connect(...args);
    }
    override send(frame: Uint8Array): void {
      sent.push(Buffer.from(frame).toString());
      super.send(frame);
    }
  }
  library.setTransportFactory({ factory: () => new Watched(), dnsResolveFn: nodeResolveHost });
  const marked = { servers: new URL(server.url).host, reconnect: false, sputnikOpened: 'ours' };
  const nats = await library.NatsConnectionImpl.connect(marked);
  try {
    assert.deepEqual(given, ['ours'], changed('options of connections do not reach the transport'));
    nats.publish('a.b', 'payload');
    await nats.flush();
    assert.match(sent.join(''), /PUB a\.b 7\r\npayload\r\n/, changed('messages are not sent by the transport'));
    const { parser } = (nats as library.NatsConnectionImpl).protocol ?? {};
    assert.equal(parser?.state, library.State?.OP_START, changed('connections have no protocol.parser.state'));
    assert.notEqual(parser?.state, undefined, changed('connections have no protocol.parser.state'));
  } finally {
    await nats.close();
  }
});

test('the parser says whether it is between two messages', () => {
  const parser = new library.Parser({ push() {} });
  const { OP_START } = library.State;
  const states = ['MSG a.b 1 7\r\npay', 'load\r\n', 'PI', 'NG\r\n'].map((piece) => {
    parser.parse(Buffer.from(piece));
    return parser.state === OP_START;
  });
  assert.deepEqual(states, [false, true, false, true], changed('the states of the parser'));
  parser.parse(Buffer.from('MSG a.b 1 70000\r\npay'));
  assert.equal(parser.state, library.State.MSG_PAYLOAD, changed('the states of the parser'));
  assert.equal(parser.ma.size, 70_000, changed('the parser has no ma.size'));
  const inLine = new library.Parser({ push() {} });
  inLine.parse(Buffer.from('INFO {"a'));
  assert.equal(inLine.argBuf?.length, 3, changed('the parser has no argBuf'));
});

test('no other file reaches inside the library', () => {
  const source = fileURLToPath(new URL('../src/', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  assert.ok(files.includes(FILE));
  const reaching = files.filter((name) => {
    const imports = [...readFileSync(`${source}${name}`, 'utf8').matchAll(/import (.*?) from '(@nats-io\/.+?)'/gs)];
    return imports.some(([, names = '', from = '']) => {
      const isDeep = from.split('/').length > 2;
      return isDeep || /\b(NatsConnectionImpl|setTransportFactory|Parser|State|Transport)\b/.test(names);
    });
  });
  assert.deepEqual(reaching, [FILE]);
});
