/** Characters that a terminal obeys, or that turn around what stands beside them: control, bidirectional, line separators. */
const UNPRINTABLE = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/**
 * A text as a terminal may be given it: what the terminal would obey is escaped.
 *
 * @example
 * import { printable } from '@sputnikjs/messaging/net';
 * console.log(printable('\u001b[2Jgone')); // \u001b[2Jgone
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
