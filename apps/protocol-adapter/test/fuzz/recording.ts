import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** What a server said in one go, and how many bytes the client had said before. */
export interface Saying {
  readonly heard: number;
  readonly bytes: Buffer;
}

/** A connection: what its server said, and the ids in what its client said, in the order of their coming. */
export interface Recorded {
  readonly sayings: Saying[];
  readonly ids: string[];
}

/** Notes the ids in what a client says, each once. */
export function noteIds(ids: string[], said: Buffer, pattern: RegExp | undefined): void {
  if (pattern === undefined) return;
  for (const [id] of said.toString('latin1').matchAll(pattern)) if (!ids.includes(id)) ids.push(id);
}

/** What a real server says, at this port of 127.0.0.1, while `work` talks to another port that leads there. */
export async function recorded(
  port: number,
  pattern: RegExp | undefined,
  work: (port: number) => Promise<unknown>,
): Promise<readonly Recorded[]> {
  const connections: Recorded[] = [];
  const proxy = createServer((client) => {
    const recording: Recorded = { sayings: [], ids: [] };
    connections.push(recording);
    let heard = 0;
    const server = connect(port, '127.0.0.1');
    client.on('data', (said: Buffer) => {
      heard += said.length;
      noteIds(recording.ids, said, pattern);
      server.write(said);
    });
    server.on('data', (bytes: Buffer) => {
      recording.sayings.push({ heard, bytes });
      client.write(bytes);
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  try {
    await work((proxy.address() as AddressInfo).port);
  } finally {
    proxy.close();
  }
  return connections;
}
