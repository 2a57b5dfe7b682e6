import { causes, guarded, scrubbed, textOf } from '../text.js';

/** Which errors are logged with their stack: those that only a bug causes, or also those without a code. */
export type Stacks = 'bugs' | 'unexpected';

/** The code for an error that has none. */
export const NO_CODE = 'NO_CODE';

/** An error as data. */
export interface ErrorFields {
  /** The first code in the chain. */
  readonly code: string;
  /** The error and its causes, outermost first. */
  readonly error: readonly object[];
}

/** An error as data: its code, or `otherwise` if it has none; its text, its causes, and stacks where they help. Never throws. */
export function errorFields(error: unknown, stacks: Stacks, otherwise: string = NO_CODE): ErrorFields {
  const parts = causes(error);
  return {
    code: parts.map(codeOf).find((code) => code !== undefined) ?? otherwise,
    error: parts.map((part) => {
      const code = codeOf(part);
      const isShown = code === undefined && (stacks === 'unexpected' || isBug(part));
      return { code, message: textOf(part), stack: isShown ? stackOf(part) : undefined };
    }),
  };
}

/** All stacks of an error and its causes, for debugging; undefined if there are none. */
export function stackTrace(error: unknown): string | undefined {
  const stacks = causes(error).flatMap((part) => stackOf(part) ?? []);
  return stacks.length === 0 ? undefined : stacks.join('\n');
}

/** The stable code of an error, if it has one. Never throws. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = guarded(() => (Object(error) as { readonly code?: unknown }).code, undefined);
  return typeof code === 'string' ? code : undefined;
}

function isBug(error: unknown): boolean {
  const kinds = [TypeError, ReferenceError, RangeError, SyntaxError];
  return guarded(() => kinds.some((kind) => error instanceof kind), false);
}

function stackOf(error: unknown): string | undefined {
  const stack: unknown = guarded(() => (error instanceof Error ? error.stack : undefined), undefined);
  return typeof stack === 'string' ? scrubbed(stack.slice(0, 10_000)) : undefined;
}
