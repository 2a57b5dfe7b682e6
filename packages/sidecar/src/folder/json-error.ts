/** So many levels are looked into: each takes a call. */
const DEEPEST = 500;
const SPACE = /[ \t\r\n]*/y;
/** Any character but the quote, the backslash and those below the space. */
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/**
 * The place where a text stops being JSON (RFC 8259), and what is expected there. `JSON.parse` does not give the place of every error, and
 * quotes the text around it, which may be a secret.
 */
export function jsonError(text: string): { readonly offset: number; readonly expected: string } | undefined {
  let at = 0;
  let expected = '';
  let depth = 0;

  const take = (token: RegExp | string): boolean => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
    if (typeof token === 'string') {
      if (!text.startsWith(token, at)) return false;
      at += token.length;
      return true;
    }
    token.lastIndex = at;
    if (!token.test(text)) return false;
    at = token.lastIndex;
    return true;
  };
  const need = (token: RegExp | string, name: string): boolean => {
    if (take(token)) return true;
    expected = name;
    return false;
  };
  const list = (close: string, element: () => boolean): boolean => {
    if (take(close)) return true;
    expected = `at most ${DEEPEST} levels`;
    // guard: levels without end do not end the check
    if (++depth > DEEPEST) return false;
    do if (!element()) return false;
    while (take(','));
    depth--;
    return need(close, `"," or "${close}"`);
  };
  const value = (): boolean => {
    if (take('{')) return list('}', () => need(STRING, 'a key in double quotes') && need(':', '":"') && value());
    if (take('[')) return list(']', value);
    return take(STRING) || need(SCALAR, text[at] === '"' ? 'a closed string with valid escapes' : 'a value');
  };

  const whole = value() && (take(/$/y) || need(/$/y, 'the end of the file'));
  return whole ? undefined : { offset: at, expected };
}
