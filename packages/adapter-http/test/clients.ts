import { execFile } from 'node:child_process';
import { connect, type Socket } from 'node:net';

/** What a client got: status, headers in lower case, body. */
export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Runs the real curl. Rejects with its own words when it got no answer. */
export function curl(...args: string[]): Promise<Got> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['--silent', '--show-error', '--include', ...args], (error, stdout, stderr) => {
      if (error) reject(new Error(`curl: ${stderr}`, { cause: error }));
      else resolve(parse(stdout.replace(/^HTTP\/1.1 100[^]*?\r\n\r\n/, '')));
    });
  });
}

export async function post(
  url: string,
  body: string | Buffer = 'x',
  headers: Record<string, string> = {},
): Promise<Got> {
  const response = await fetch(url, { method: 'POST', body, headers });
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

/** The code in the body of a refusal. */
export function codeOf(got: Got): unknown {
  return (JSON.parse(got.body) as { code?: unknown }).code;
}

/** A bare connection: what is written is sent as it is. */
export class Wire {
  readonly socket: Socket;
  /** Resolves with all that was received, when the connection is closed. */
  readonly received: Promise<string>;

  constructor(port: number, allowHalfOpen = false, localAddress = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen, localAddress });
    let text = '';
    this.socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    this.socket.on('error', () => undefined); // a reset ends it too
    this.received = new Promise((resolve) => this.socket.on('close', () => resolve(text)));
  }

  send(...parts: (string | Buffer)[]): this {
    for (const part of parts) this.socket.write(part);
    return this;
  }

  /** The one answer that came until the connection was closed. */
  async answer(): Promise<Got> {
    return parse(await this.received);
  }
}

/** The statuses of the answers in what a connection has received, in their order. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

function parse(text: string): Got {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: text.slice(end + 4) };
}
