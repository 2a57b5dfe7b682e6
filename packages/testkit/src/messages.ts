import type { ConsumedMessage } from '@sputnikjs/messaging';

/**
 * Returns the payload of a message from a server as text.
 *
 * @example
 * import { textOf } from '@sputnikjs/testkit';
 * console.log(textOf({ payload: Buffer.from('hello') })); // hello
 */
export function textOf({ payload }: Pick<ConsumedMessage, 'payload'>): string {
  return Buffer.from(payload).toString();
}

/**
 * Returns `count` different payloads that show their order: "0", "1", "2", …
 *
 * @example
 * import { numbered } from '@sputnikjs/testkit';
 * console.log(numbered(3).join()); // 0,1,2
 */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`);
}
