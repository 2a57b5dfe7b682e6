import type { ConsumedMessage } from '@sputnikjs/messaging';

/** The payload of a message from a server, which has to be text. */
export function textOf({ payload }: Pick<ConsumedMessage, 'payload'>): string {
  return Buffer.from(payload).toString();
}

/** So many payloads that differ, and tell their order: "0", "1", "2", … */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`);
}
