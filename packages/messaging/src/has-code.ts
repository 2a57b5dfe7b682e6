import { SputnikError } from '@sputnikjs/core';

/** Returns true for a SputnikError with this code. */
export function hasCode(error: unknown, code: SputnikError['code']): boolean {
  return error instanceof SputnikError && error.code === code;
}
