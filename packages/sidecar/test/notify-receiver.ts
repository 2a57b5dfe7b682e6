import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/**
 * What systemd does with notifications: receives datagrams on a Unix socket, and closes the descriptor that comes with BARRIER=1 when all
 * before it was read; systemd-notify waits for that. One that hangs closes none.
 */
const RECEIVE = `
import array, json, os, socket, sys
hangs = sys.argv[2] == 'hangs'
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('[]', flush=True)
while True:
    data, extra, _, _ = receiver.recvmsg(65536, 1024)
    for _, _, value in extra:
        descriptors = array.array('i', value)
        for fd in descriptors:
            if not hangs: os.close(fd)
    text = data.decode()
    if text != 'BARRIER=1':
        print(json.dumps([line.split('=', 1) for line in text.split('\\n')]), flush=True)
`;

/** A service manager that takes notifications. */
export class NotifyReceiver {
  /** Where it does: NOTIFY_SOCKET. */
  readonly socket: string;
  /** What has come, by names. */
  readonly messages: Readonly<Record<string, string>>[] = [];
  #watchers: (() => void)[] = [];
  #isReady = false;

  static async open(t: TestContext, manner: 'answers' | 'hangs' = 'answers'): Promise<NotifyReceiver> {
    const folder = mkdtempSync(join(tmpdir(), 'sputnik-notify-'));
    const socket = join(folder, 'socket');
    const child = spawn('python3', ['-c', RECEIVE, socket, manner], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
    const receiver = new NotifyReceiver(socket, child);
    await receiver.#changed(() => receiver.#isReady);
    return receiver;
  }

  private constructor(socket: string, { stdout }: ChildProcess) {
    this.socket = socket;
    if (stdout === null) throw new Error('no pipe');
    createInterface(stdout).on('line', (line) => {
      const pairs = JSON.parse(line) as [string, string][];
      if (this.#isReady) this.messages.push(Object.fromEntries(pairs));
      this.#isReady = true;
      for (const wake of this.#watchers.splice(0)) wake();
    });
  }

  /** The first message with this name, and value if that is given, once it has come. */
  async said(name: string, value?: RegExp): Promise<Readonly<Record<string, string>>> {
    const fits = (message: Readonly<Record<string, string>>): boolean =>
      message[name] !== undefined && (value === undefined || value.test(message[name]));
    await this.#changed(() => this.messages.some(fits));
    return this.messages.find(fits) ?? {};
  }

  /** Resolves when there are so many messages. */
  async count(count: number): Promise<void> {
    await this.#changed(() => this.messages.length >= count);
  }

  /** All values of a name, in order. */
  values(name: string): readonly string[] {
    return this.messages.flatMap((message) => message[name] ?? []);
  }

  /** The commands of all processes that would notify it. */
  get senders(): readonly string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const isSender = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`NOTIFY_SOCKET=${this.socket}`);
          return isSender ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : [];
        } catch {
          // it has ended, or is another user's
          return [];
        }
      });
  }

  async #changed(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }
}
