import { types } from 'node:util';

/** Where views may begin in the buffer, in bytes: every kind of view can begin there. */
const ALIGNMENT = 8;
/** Bytes in deeper objects are not packed. They are cloned as they are. */
const DEEPEST = 32;
/** The keys that lead to packed bytes are so many at most. */
export const MOST_KEYS: number = DEEPEST + 1;
/** Beyond this depth, each object is visited only once. */
const SHALLOW = 1;

const NO_KEYS: readonly (string | number)[] = [];

type Kind = new (buffer: ArrayBuffer, at: number, length: number) => ArrayBufferView;

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ].map((kind) => [kind.name, kind as Kind]),
);

/** Where in a value a view belongs, and what it is. Most views of a frame have the same. */
export interface Slot {
  /** The keys that lead to the view in its value. */
  readonly keys: readonly (string | number)[];
  readonly kind: string;
}

/** Values without their bytes, and all their bytes in one buffer. */
export interface Packed {
  readonly values: readonly unknown[];
  readonly bytes: ArrayBuffer | undefined;
  readonly slots: readonly Slot[];
  /** Four numbers for each view: the indexes of its value and of its slot, where it begins in the bytes, and how many elements it has. */
  readonly views: readonly number[];
}

/**
 * Copies the bytes of all values into one buffer. Of a large buffer, only the slice in use is copied; `structuredClone` would copy the whole.
 * The values given stay as they are.
 */
export function pack(values: readonly unknown[]): Packed {
  const packer = new Packer();
  const packed = values.map((value, index) => packer.without(value, index));
  return { values: packed, ...packer.end() };
}

/** Puts the bytes back into the values. */
export function unpack({ values, bytes, slots, views }: Packed): readonly unknown[] {
  if (bytes === undefined) return values;
  const all = [...values];
  for (let view = 0; view < views.length; view += 4) {
    const [value = 0, slot = 0, at = 0, length = 0] = [views[view], views[view + 1], views[view + 2], views[view + 3]];
    const { keys, kind } = own(slots as unknown as Holder, slot) as Slot;
    let holder = all as unknown as Holder;
    let last: string | number = value;
    for (const key of keys) {
      holder = own(holder, last) as Holder;
      last = key;
    }
    own(holder, last);
    const Made = KINDS.get(kind);
    // guard: a Buffer is one on the other side, too
    holder[last] = Made ? new Made(bytes, at, length) : Buffer.from(bytes, at, length);
  }
  return all;
}

type Holder = { [key: string | number]: unknown };

/** The value of a key. Throws if it has none of its own: what is inherited belongs to all. */
function own(holder: Readonly<Holder>, key: string | number): unknown {
  // guard: no way leads to what all objects share
  if (!Object.hasOwn(holder, key)) throw new TypeError(`there is no place ${JSON.stringify(key)} for bytes`);
  return holder[key];
}

class Packer {
  readonly #slots: Slot[] = [];
  readonly #views: number[] = [];
  readonly #found: ArrayBufferView[] = [];
  #size = 0;
  #index = 0;

  /** Returns the value without its bytes. `index` is its place among the values. */
  without(value: unknown, index: number): unknown {
    this.#index = index;
    return this.#without(value, NO_KEYS, undefined);
  }

  end(): Omit<Packed, 'values'> {
    if (this.#found.length === 0) return { bytes: undefined, slots: [], views: [] };
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const { buffer, byteOffset, byteLength } of this.#found) {
      all.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += padded(byteLength);
    }
    return { bytes: all.buffer, slots: this.#slots, views: this.#views };
  }

  /** Returns the value. Objects that contain bytes are copied. */
  #without(value: unknown, keys: readonly (string | number)[], seen: Map<object, unknown> | undefined): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value)) return this.#take(value, keys);
    const isPlain = Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value) as null);
    if (!isPlain || keys.length > DEEPEST) return value;
    const known = seen?.get(value);
    if (known !== undefined) return known;
    const more = keys.length > SHALLOW ? (seen ?? new Map<object, unknown>()).set(value, value) : seen;
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(value)) {
      const one = (value as Readonly<Record<string, unknown>>)[key];
      if (typeof one !== 'object' || one === null) continue;
      const without = this.#without(one, [...keys, key], more);
      if (without === one) continue;
      copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
      copy[key] = without;
    }
    if (copy) more?.set(value, copy);
    return copy ?? value;
  }

  #take(view: ArrayBufferView, keys: readonly (string | number)[]): unknown {
    // shared memory stays shared
    if (types.isSharedArrayBuffer(view.buffer)) return view;
    const kind = Buffer.isBuffer(view) ? 'Buffer' : view.constructor.name;
    if (kind !== 'Buffer' && !KINDS.has(kind)) return view;
    const size = (KINDS.get(kind) as { readonly BYTES_PER_ELEMENT?: number } | undefined)?.BYTES_PER_ELEMENT ?? 1;
    this.#views.push(this.#index, this.#slotOf(keys, kind), this.#size, view.byteLength / size);
    this.#found.push(view);
    this.#size += padded(view.byteLength);
    return null;
  }

  /** The index of a slot: that of the last one, if it is the same. */
  #slotOf(keys: Slot['keys'], kind: string): number {
    const last = this.#slots.at(-1);
    const isSame =
      last?.kind === kind && last.keys.length === keys.length && last.keys.every((key, index) => key === keys[index]);
    return (isSame ? this.#slots.length : this.#slots.push({ keys, kind })) - 1;
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
