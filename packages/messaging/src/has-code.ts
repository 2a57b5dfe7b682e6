import { SputnikError } from '@sputnikjs/core';

/** True for an error of ours with this code. */
export function hasCode(error: unknown, code: SputnikError['code']): boolean {
  return error instanceof SputnikError && error.code === code;
}
