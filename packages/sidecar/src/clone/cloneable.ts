import { types } from 'node:util';

/** Beyond this depth, each object is visited only once. */
const SHALLOW = 2;

/** The key of a value that cannot be cloned, and what it is: `handlers.done: a function`. Undefined if all can be cloned. */
export function uncloneable(value: unknown): string | undefined {
  return find(value, '', 0, undefined);
}

function find(value: unknown, path: string, depth: number, seen: Set<unknown> | undefined): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return `${path || 'the whole'}: a ${typeof value}`;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  if (seen?.has(value)) return undefined;
  const known = depth < SHALLOW ? seen : (seen ?? new Set<unknown>()).add(value);
  const exotic = exoticName(value);
  if (exotic !== undefined) return `${path || 'the whole'}: a ${exotic}`;
  const inner = value instanceof Map || value instanceof Set ? [...value] : value;
  if (inner instanceof Error) return undefined;
  for (const key of Object.keys(inner)) {
    const next = (inner as Readonly<Record<string, unknown>>)[key];
    if (next === null || (typeof next !== 'object' && typeof next !== 'function' && typeof next !== 'symbol')) continue;
    const found = find(next, path === '' ? key : `${path}.${key}`, depth + 1, known);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The name of an object that cannot leave its thread. */
function exoticName(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return undefined;
  if (types.isPromise(value)) return 'promise';
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef) return 'weak reference';
  return types.isGeneratorObject(value) ? 'generator' : undefined;
}
