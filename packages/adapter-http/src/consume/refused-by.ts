import { Refused, type RefusalCode } from '../answer/refusals.js';

const CODES: Readonly<Record<string, RefusalCode>> = {
  CONNECTION_LOST: 'SERVER_AWAY',
  CANNOT_RESUME: 'CANNOT_RESUME',
};

/** What a reader is refused with when the server, or its connector, refuses what it needs. */
export function refusedBy(error: unknown): Refused {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new Refused(CODES[code] ?? 'REFUSED', message);
}
