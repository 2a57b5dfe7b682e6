/** What an error of a connection says: Node gives some no text (several addresses tried), and OpenSSL ends its own with a line break. */
export function reasonOf({ message, code, name }: NodeJS.ErrnoException): string {
  return message.trim() || code || name;
}
