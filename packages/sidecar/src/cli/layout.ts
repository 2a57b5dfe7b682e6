import { printable } from '../text.js';

/** As wide as text is comfortable to read; less on a terminal that is narrower. */
const WIDEST = 80;
const NARROWEST = 40;

/** How many characters a line may have. */
export function lineWidth(): number {
  return Math.max(NARROWEST, Math.min(WIDEST, process.stdout.columns ?? WIDEST));
}

/** A text in lines of so many characters at most; a word that is longer has a line of its own. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Rows of a name and a text: the names in one column, the texts beside them, wrapped; a name that is too long stands alone. */
export function columns(rows: readonly (readonly [name: string, text: string])[], indent = 2): readonly string[] {
  const most = Math.floor(lineWidth() / 3);
  const longest = Math.max(0, ...rows.map(([name]) => name.length).filter((length) => length <= most));
  const start = indent + longest + 2;
  return rows.flatMap(([name, text]) => {
    const lines = wrapped(text, lineWidth() - start);
    const [first = '', ...others] = name.length > longest ? ['', ...lines] : lines;
    const head = `${' '.repeat(indent)}${name.padEnd(longest)}  ${first}`.trimEnd();
    return [head, ...others.map((line) => `${' '.repeat(start)}${line}`)];
  });
}

/** A value as JSON for people, in which nothing steers the terminal. */
export function jsonLines(value: object): string {
  return JSON.stringify(value, undefined, 2).split('\n').map(printable).join('\n');
}
