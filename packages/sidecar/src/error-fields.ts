import { causes, scrubbed, textOf } from './text.js';

/** An error as data: its code, its text, its causes. What has no code was not expected: it has its stack. */
export function errorFields(error: unknown): { readonly code?: string | undefined; readonly error: readonly object[] } {
  const parts = causes(error).map((part) => {
    const code = codeOf(part);
    const stack = code === undefined && part instanceof Error ? scrubbed(part.stack ?? '') : undefined;
    return { code, message: textOf(part), stack };
  });
  return {
    code: causes(error)
      .map(codeOf)
      .find((code) => code !== undefined),
    error: parts,
  };
}

/** The stable code of an error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
