import { LastText } from './last-text.js';
import { AT, HAS, HEAD, MAGIC } from './layout.js';
import type { Content } from './record.js';

/** Most bytes of a target, a content type or an id. */
const MOST_TEXT = 65_535;
const MAGIC_NUMBER = MAGIC.readUInt32LE();

/** Makes records of messages, but for what is known only when they are written: `Draft` adds that. */
export class Encoder {
  readonly #targets = new LastText();
  readonly #types = new LastText();

  /** Bytes that a message takes on disk. Throws a RangeError if a record cannot have it. */
  measure(content: Content): number {
    const { target, payload, contentType, id, headers } = content;
    const bytes =
      HEAD +
      fitting('target', this.#targets.bytesOf(target).length) +
      (contentType === undefined ? 0 : fitting('content type', this.#types.bytesOf(contentType).length)) +
      (id === undefined ? 0 : fitting('id', Buffer.byteLength(id))) +
      (headers === undefined ? 0 : Buffer.byteLength(JSON.stringify(headers)));
    return bytes + (typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength);
  }

  /** Writes a message into `into`, from `at` on, where there is room for it. Returns where it ends. */
  encode(into: Buffer, at: number, { target, payload, contentType, id, headers }: Content): number {
    const targetBytes = this.#targets.bytesOf(target);
    into.set(targetBytes, at + HEAD);
    let next = at + HEAD + targetBytes.length;
    let has = 0;
    let [typeSize, idSize, headersSize] = [0, 0, 0];
    if (contentType !== undefined) {
      const typeBytes = this.#types.bytesOf(contentType);
      into.set(typeBytes, next);
      next += typeSize = typeBytes.length;
      has |= HAS.type;
    }
    if (id !== undefined) {
      next += idSize = into.write(id, next);
      has |= HAS.id;
    }
    if (headers !== undefined) {
      next += headersSize = into.write(JSON.stringify(headers), next);
      has |= HAS.headers;
    }
    const from = next;
    if (typeof payload === 'string') next += into.write(payload, next);
    else {
      into.set(payload, next);
      next += payload.byteLength;
    }
    into.writeUInt32LE(MAGIC_NUMBER, at);
    into.writeUInt32LE(next - at, at + AT.length);
    into[at + AT.first] = 0;
    into[at + AT.has] = has;
    into.writeUInt16LE(targetBytes.length, at + AT.target);
    into.writeUInt32LE(next - from, at + AT.payload);
    into.writeUInt16LE(typeSize, at + AT.type);
    into.writeUInt16LE(idSize, at + AT.id);
    into.writeUInt32LE(headersSize, at + AT.headers);
    return next;
  }
}

function fitting(name: string, bytes: number): number {
  if (bytes <= MOST_TEXT) return bytes;
  throw new RangeError(`its ${name} has ${bytes} bytes; a spool takes ${MOST_TEXT} at most`);
}
