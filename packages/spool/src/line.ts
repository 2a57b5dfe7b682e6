import { z } from 'zod';
import type { Content, Kept } from './store/record.js';

const LINE = z.strictObject({
  sequence: z.number().optional(),
  time: z.string().optional(),
  target: z.string(),
  id: z.string().optional(),
  contentType: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  payload: z.string().optional(),
  base64: z.base64().optional(),
});

/** A message as a line of JSON. A payload that is no UTF-8 is in base64. */
export function lineOf({ sequence, time, content }: Kept): string {
  const { target, contentType, headers, id } = content;
  const bytes = Buffer.from(content.payload);
  const text = bytes.toString();
  const payload = Buffer.from(text).equals(bytes) ? { payload: text } : { base64: bytes.toString('base64') };
  return JSON.stringify({ sequence, time: new Date(time).toISOString(), target, id, contentType, headers, ...payload });
}

/** The message that a line has. Sequence and time are given anew. Throws what is wrong with it. */
export function messageIn(line: string): Content {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Error('it is not JSON', { cause });
  }
  const { data, error } = LINE.safeParse(value);
  if (error !== undefined)
    throw new Error(error.issues.map(({ path, message }) => [...path, message].join(': ')).join(', '));
  const { target, id, contentType, headers, payload, base64 } = data;
  if ((payload === undefined) === (base64 === undefined)) throw new Error('it needs either a payload or base64');
  return { target, id, contentType, headers, payload: payload ?? Buffer.from(base64 ?? '', 'base64') };
}
