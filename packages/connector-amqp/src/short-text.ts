import { z } from 'zod';

/** What AMQP writes the length of into one byte: names, keys, most properties. The library would cut longer ones off. */
const MAX_BYTES = 255;

/** True if AMQP can carry it as a name, a key or a property. */
export function isShort(text: string): boolean {
  return Buffer.byteLength(text) <= MAX_BYTES;
}

/** Schema of a name of at least so many characters. */
export function nameSchema(min: number): z.ZodString {
  return z.string().min(min).refine(isShort, `is longer than ${MAX_BYTES} bytes`);
}
