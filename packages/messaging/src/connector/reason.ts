/**
 * What an error of a connection says: Node gives some no text (several addresses tried), and OpenSSL ends its own with a line break.
 *
 * @example
 * import { reasonOf } from '@sputnikjs/messaging/connector';
 * console.log(reasonOf(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))); // ECONNREFUSED
 */
export function reasonOf({ message, code, name }: NodeJS.ErrnoException): string {
  return message.trim() || code || name;
}
