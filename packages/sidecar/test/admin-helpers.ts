import assert from 'node:assert/strict';
import { after } from 'node:test';
import { startRunner, type Runner } from '@sputnikjs/sidecar';
import { MemoryLog } from '@sputnikjs/testkit';
import { STATUS_SCHEMA } from '../dist/admin/status-schema.js';
import type { Status } from '../dist/admin/status.js';

type Options = Parameters<typeof startRunner>[0];
type InCode = Extract<Options, { readonly cf?: undefined }>;

/** A satellite that can be looked at; it lands after the tests. */
export class Watched {
  readonly url: string;
  readonly runner: Promise<Runner>;
  readonly log: MemoryLog;

  private constructor(url: string, runner: Promise<Runner>, log: MemoryLog) {
    this.url = url;
    this.runner = runner;
    this.log = log;
  }

  /** Starts it, and resolves when the admin endpoints listen. `admin` is what is configured of them. */
  static async start(options: Omit<InCode, 'log'>, admin: object = {}, satellite: object = {}): Promise<Watched> {
    const log = new MemoryLog();
    const configs = { ...options.configs, sputnik: { admin: { port: 0, ...admin }, ...satellite } };
    const runner = startRunner({ ...options, configs, log });
    runner.catch(() => {});
    after(async () => void (await (await runner).stop().catch(() => {})));
    await Promise.race([log.said('listening'), runner]);
    const { fields } =
      log.lines.find((line) => line.fields['protocol'] === 'admin') ?? assert.fail('it does not listen');
    return new Watched(`http://127.0.0.1:${String(fields['port'])}`, runner, log);
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; text: string }> {
    const response = await fetch(`${this.url}${path}`, { headers });
    return { status: response.status, text: await response.text() };
  }

  async status(): Promise<Status> {
    const { status, text } = await this.get('/status');
    assert.equal(status, 200);
    return STATUS_SCHEMA.parse(JSON.parse(text));
  }

  /** The values of a metric, by its labels. */
  async metric(name: string): Promise<Readonly<Record<string, number>>> {
    const { text } = await this.get('/metrics');
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return Object.fromEntries(
      lines.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(name.length, space), Number(line.slice(space + 1))];
      }),
    );
  }
}

/** Asks again and again until the answer is as it should be. Rejects after ten seconds with the last one. */
export async function eventually<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > deadline) assert.fail(`it never came: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
