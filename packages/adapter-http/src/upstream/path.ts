/** Why a path that a message names is not called. */
export type PathFault =
  | 'begins with no slash'
  | 'has characters that a URL cannot have; percent-encode them'
  | 'has an empty segment'
  | 'has percent signs that encode no text'
  | 'has an encoded slash, backslash or control character'
  | 'has a segment "." or ".."';

/**
 * Returns what is wrong with a path, with or without a query, that goes behind that of a URL. Whatever an upstream makes of the path, it is one
 * below that URL: nothing leads up or out of it, also not where it is decoded twice, or cut at a semicolon.
 */
export function pathFault(path: string): PathFault | undefined {
  if (!path.startsWith('/')) return 'begins with no slash';
  // guard: a path has the characters of a URL only
  if (!/^[!-~]+$/.test(path) || /[#\\]/.test(path)) return 'has characters that a URL cannot have; percent-encode them';
  const [, ...segments] = pathOf(path).split('/');
  for (const [index, segment] of segments.entries()) {
    // guard: a path names no other host
    if (segment === '' && index < segments.length - 1) return 'has an empty segment';
    const text = decoded(segment);
    if (text === undefined) return 'has percent signs that encode no text';
    // guard: an encoded slash parts nothing
    if (/[/\\\p{Control}]/u.test(text)) return 'has an encoded slash, backslash or control character';
    // guard: a path does not lead up
    if (/^(?:\.|%2e){1,2}(?:;|$)/i.test(text)) return 'has a segment "." or ".."';
  }
  return undefined;
}

/** The path alone, without its query. */
export function pathOf(path: string): string {
  return path.split('?', 1)[0] ?? '';
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
