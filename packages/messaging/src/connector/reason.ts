/**
 * Returns the text of a connection error. Some errors of Node have none (several addresses tried), and those of OpenSSL end with a line break.
 *
 * @example
 * import { reasonOf } from '@sputnikjs/messaging/connector';
 * console.log(reasonOf(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))); // ECONNREFUSED
 */
export function reasonOf({ message, code, name }: NodeJS.ErrnoException): string {
  return message.trim() || code || name;
}
