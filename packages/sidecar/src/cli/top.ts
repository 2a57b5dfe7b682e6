import { emitKeypressEvents } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../admin/status.js';
import { EXIT } from '../run/exit-code.js';
import { textOf } from '../text.js';
import { fetchStatus, type AdminAddress } from './admin-client.js';
import { coloursOf } from './status.js';
import { SORTS, statusLines, type Sort } from './status-lines.js';

const EVERY_MS = 500;
const [ENTER, LEAVE, HOME, REST_OF_LINE, REST_OF_SCREEN] = [
  '\u001B[?1049h\u001B[?25l',
  '\u001B[?25h\u001B[?1049l',
  '\u001B[H',
  '\u001B[K',
  '\u001B[J',
];
const HELP = [
  '  s        sort: as they boot, by what waits, by rate, by losses',
  '  /        show only blocks with a text in their name; Enter ends the entry, Escape removes the filter',
  '  ?        show or hide this help',
  '  q        end',
  '',
  '  waiting  messages in the mailbox, and how many it has room for',
  '  oldest   how long the block has had its oldest message',
  '  ◂        others wait for this block: it is the bottleneck',
];

/** What a person has chosen. */
interface View {
  sort: Sort;
  filter: string;
  typing: boolean;
  help: boolean;
}

/** What was asked last, or why there was no answer. */
type Answer = { readonly status: Status } | { readonly error: string; readonly since: number };

/**
 * Shows the state of a running satellite, twice a second, until `q` or Ctrl-C. Without a terminal, it writes one status after the other.
 * Resolves with the exit code.
 */
export async function top(address: AdminAddress): Promise<number> {
  const { stdin, stdout } = process;
  return stdin.isTTY && stdout.isTTY ? onTerminal(address) : inLines(address);
}

async function inLines(address: AdminAddress): Promise<number> {
  for (;;) {
    const answer = await ask(address);
    if ('error' in answer) {
      process.stderr.write(`${answer.error}\n`);
      return EXIT.failure;
    }
    const drawing = { width: 120, colours: 'off', sort: 'boot', filter: '' } as const;
    process.stdout.write(`${answer.status.now}\n${statusLines(answer.status, drawing).join('\n')}\n\n`);
    await sleep(EVERY_MS);
  }
}

async function onTerminal(address: AdminAddress): Promise<number> {
  const { stdin, stdout } = process;
  const view: View = { sort: 'boot', filter: '', typing: false, help: false };
  const ended = new AbortController();
  let answer = await ask(address);
  const draw = (): void => void stdout.write(screen(answer, view, stdout));
  stdout.write(ENTER);
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on(
    'keypress',
    (text: string | undefined, { name, ctrl }: { readonly name?: string; readonly ctrl?: boolean }) => {
      if ((ctrl && name === 'c') || (name === 'q' && !view.typing)) return ended.abort();
      take(view, text ?? '', name);
      draw();
    },
  );
  stdout.on('resize', draw);
  while (!ended.signal.aborted) {
    draw();
    await sleep(EVERY_MS, undefined, { signal: ended.signal }).catch(() => {});
    if (!ended.signal.aborted) answer = await ask(address, answer);
  }
  stdin.setRawMode(false).pause();
  stdout.write(LEAVE);
  return EXIT.clean;
}

async function ask(address: AdminAddress, before?: Answer): Promise<Answer> {
  try {
    return { status: await fetchStatus(address) };
  } catch (error) {
    return { error: textOf(error), since: before && 'error' in before ? before.since : Date.now() };
  }
}

/** A key changes what is shown. */
function take(view: View, text: string, name: string | undefined): void {
  if (view.typing) {
    if (name === 'return') view.typing = false;
    else if (name === 'escape') Object.assign(view, { typing: false, filter: '' });
    else if (name === 'backspace') view.filter = view.filter.slice(0, -1);
    else if (/^[\x20-\x7E]$/.test(text)) view.filter += text;
    return;
  }
  if (name === 's') view.sort = SORTS[(SORTS.indexOf(view.sort) + 1) % SORTS.length] ?? 'boot';
  if (text === '/') view.typing = true;
  if (text === '?') view.help = !view.help;
  if (name === 'escape') view.filter = '';
}

function screen(answer: Answer, view: View, { columns, rows, isTTY }: NodeJS.WriteStream): string {
  const drawing = { width: columns, colours: coloursOf({ isTTY }), sort: view.sort, filter: view.filter } as const;
  const body =
    'error' in answer
      ? [`No answer for ${Math.round((Date.now() - answer.since) / 1000)} s.`, answer.error]
      : statusLines(answer.status, drawing);
  const filter = view.typing || view.filter !== '' ? `   filter: ${view.filter}${view.typing ? '▏' : ''}` : '';
  const foot = `? help   s sort: ${view.sort}   / filter   q quit${filter}`;
  const shown = view.help ? HELP : body;
  const lines = [
    ...shown.slice(0, rows - 2),
    ...Array.from({ length: Math.max(0, rows - 2 - shown.length) }, () => ''),
    '',
    foot,
  ];
  return `${HOME}${lines.map((line) => `${line}${REST_OF_LINE}`).join('\r\n')}${REST_OF_SCREEN}`;
}
