import { SputnikError } from '@sputnikjs/core';

/** Returns a part of a connection, known by one of its methods. Throws BAD_SETUP with this text if the server connector gave none. */
export function connectionPart<T>(connection: unknown, name: string, method: keyof T, text: string): T {
  const part = (Object(connection) as Readonly<Record<string, Partial<T> | null | undefined>>)[name];
  if (typeof part?.[method] === 'function') return part as T;
  throw new SputnikError('BAD_SETUP', text);
}
