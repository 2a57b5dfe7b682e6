import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/**
 * For each line, runs `systemd-notify` with the words between its tabs, and writes a line with the result. Ignores signals for the whole
 * group or unit, since they are for the satellite; it ends with its stdin. Expands no word.
 */
const SCRIPT =
  "trap '' TERM INT HUP; set -f; IFS='\t'; while read -r line; do " +
  'text=$(systemd-notify $line </dev/null 2>&1); printf "%s %s\\n" $? "$text"; done';
/** The exit code of a shell for a missing program. */
const NOT_FOUND = 127;

/** The result: sent, no such program, or a problem. */
export type Sent = 'sent' | 'no systemd-notify' | { readonly problem: string };

type Shell = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Runs systemd-notify, since Node has no Unix datagram sockets. A shell that is started once runs it: to fork a small process takes a
 * fraction of the time to fork this one, and does not hold up its event loop (decision 0023).
 */
export class NotifyHelper {
  readonly #environment: NodeJS.ProcessEnv;
  #shell: Shell | undefined;
  /** What is under way, and by which shell. */
  #underWay: { readonly shell: Shell; readonly end: (sent: Sent) => void } | undefined;

  constructor({ PATH, NOTIFY_SOCKET }: NodeJS.ProcessEnv) {
    this.#environment = { PATH, NOTIFY_SOCKET };
  }

  /** Sends one notification, and resolves when the service manager has it. One at a time. Never rejects. */
  send(assignments: ReadonlyMap<string, string>): Promise<Sent> {
    const words = [...assignments].map(([name, value]) => `${name}=${value.replaceAll(/[\t\n]/g, ' ')}`);
    const shell = (this.#shell ??= this.#start());
    return new Promise((end) => {
      this.#underWay = { shell, end };
      shell.stdin.write(`${words.join('\t')}\n`);
    });
  }

  /** Ends the shell in good order. Resolves when it has ended. */
  end(): Promise<void> {
    const shell = this.#shell;
    if (shell === undefined) return Promise.resolve();
    return new Promise((resolve) => shell.once('close', () => resolve()).stdin.end());
  }

  /** Kills the shell. The next notification starts another one. */
  kill(): void {
    const pid = this.#shell?.pid;
    this.#shell = undefined;
    if (pid === undefined) return;
    try {
      // all of its group
      process.kill(-pid, 'SIGKILL');
    } catch {
      // it has just ended
    }
  }

  #start(): Shell {
    const shell: Shell = spawn('sh', ['-c', SCRIPT], {
      env: this.#environment,
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    const ended = (sent: Sent): void => {
      if (this.#underWay?.shell === shell) this.#underWay.end(sent);
    };
    let problem = 'the shell that runs systemd-notify has ended';
    shell.on('error', ({ message }) => (problem = message));
    shell.on('close', () => {
      if (this.#shell === shell) this.#shell = undefined;
      ended({ problem });
    });
    // it has ended: that is told
    shell.stdin.on('error', () => {});
    createInterface(shell.stdout).on('line', (line) => ended(sentOf(line)));
    // it keeps no process alive
    shell.unref();
    for (const pipe of [shell.stdin, shell.stdout] as unknown as Socket[]) pipe.unref();
    return shell;
  }
}

function sentOf(line: string): Sent {
  const [status = '', ...words] = line.split(' ');
  if (Number(status) === NOT_FOUND) return 'no systemd-notify';
  return status === '0' ? 'sent' : { problem: words.join(' ') };
}
