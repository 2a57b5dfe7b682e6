import { SputnikError } from '@sputnikjs/core';
import { jsonError } from './json-error.js';

/**
 * The value of a JSON or YAML text; the ending of `file` says which. Rejects with BAD_CONFIG. Its one problem gives `file:line:column`, and
 * quotes nothing of the text, which may contain secrets.
 */
export async function parse(file: string, text: string): Promise<unknown> {
  const body = text.replace(/^\uFEFF/, '');
  return file.endsWith('.json') ? parseJson(file, body) : parseYaml(file, body);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const { offset, expected } = jsonError(text) ?? { offset: text.length, expected: 'JSON' };
    const lines = text.slice(0, offset).split('\n');
    const found = offset >= text.length ? 'the end of the file' : 'something else';
    // guard: JSON that does not parse is an error
    throw problem(`${file}:${lines.length}:${(lines.at(-1) ?? '').length + 1}`, `expected ${expected}, found ${found}`);
  }
}

async function parseYaml(file: string, text: string): Promise<unknown> {
  // loading it takes a seventh of the start
  const { isCollection, LineCounter, parseDocument, visit } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problemAt = (offset: number, what: string): SputnikError => {
    const { line, col } = lineCounter.linePos(offset);
    return problem(`${file}:${line}:${col}`, what);
  };
  const [error] = document.errors;
  // guard: YAML that does not parse is an error
  if (error !== undefined)
    throw problemAt(
      error.pos[0],
      error.code === 'MULTIPLE_DOCS' ? 'expected one document, found several' : error.message,
    );
  visit(document, {
    Pair(_, { key }) {
      // guard: a key of YAML is text
      if (isCollection(key)) throw problemAt(key.range?.[0] ?? 0, COLLECTION_AS_KEY);
    },
  });
  try {
    return document.toJS();
  } catch {
    throw problem(
      file,
      'an alias (a value that starts with "*") refers to nothing before it, or to too much; quote it if it is text',
    );
  }
}

const COLLECTION_AS_KEY =
  'a key is a list or a mapping, in "[…]" or "{…}"; quote it if it is text, and fill it in if it is a template, as in "{{ port }}"';

function problem(place: string, what: string): SputnikError {
  return new SputnikError('BAD_CONFIG', 'a configuration file cannot be read', { problems: [`${place}: ${what}`] });
}
