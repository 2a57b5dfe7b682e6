/**
 * Resolves with the error of a promise that must reject. Rejects if it resolves.
 *
 * @example
 * import { rejection } from '@sputnikjs/testkit';
 * const error = await rejection(Promise.reject(new Error('no room')));
 * console.log(error.message); // no room
 */
export async function rejection(promise: Promise<unknown>): Promise<Error & { readonly code?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not reject');
}
