import { ERROR_CODES, SputnikError, type BlockDescriptor, type ErrorCode } from '@sputnikjs/core';
import { guarded } from '../text.js';

/** The key that marks the data of an error. */
const ERROR = '__error';
/** How deep causes and values are copied. */
const DEEPEST = 32;

/** An error as data. */
interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its other keys with numbers or texts, such as `code`. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly cause: unknown;
  /** The errors of an `AggregateError`. */
  readonly errors: readonly unknown[] | undefined;
  /** The facts of a `SputnikError`. */
  readonly ours:
    | {
        readonly block: BlockDescriptor | undefined;
        readonly callback: string | undefined;
        problems: readonly string[];
      }
    | undefined;
}

/** The value in a form that can be posted. Errors keep their code, text and causes; a value that cannot be cloned becomes its text. Never throws. */
export function portable(value: unknown, depth: number = 0): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '…';
  if (value instanceof Error) return { [ERROR]: dataOf(value, depth) };
  if (Array.isArray(value)) return value.map((one) => portable(one, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    return guarded<unknown>(
      () => structuredClone(value),
      guarded(() => Object.prototype.toString.call(value), 'a value that cannot be shown'),
    );
  const entries = guarded(() => Object.entries(value), []);
  return Object.fromEntries(entries.map(([key, one]) => [key, portable(one, depth + 1)]));
}

/** The value that {@link portable} was given, with its errors restored. */
export function revived(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(revived);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  if (ERROR in value) return errorOf(value[ERROR] as ErrorData);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revived(one)]));
}

function dataOf(error: Error, depth: number): ErrorData {
  const text = (read: () => unknown): string => guarded(() => String(read()), 'an error that cannot be shown');
  const own = guarded(() => Object.entries(error), []);
  const isPlain = (fact: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof fact);
  const code: unknown = guarded(() => (error as { readonly code?: unknown }).code, undefined);
  return {
    name: text(() => error.name),
    message: text(() => error.message),
    stack: guarded(() => error.stack, undefined),
    facts: { ...Object.fromEntries(own.filter(([, fact]) => isPlain(fact))), ...(isPlain(code) && { code }) },
    cause: guarded(() => portable(error.cause, depth + 1), undefined),
    errors: error instanceof AggregateError ? error.errors.map((one) => portable(one, depth + 1)) : undefined,
    ours:
      error instanceof SputnikError
        ? { block: error.block, callback: error.callback, problems: error.problems }
        : undefined,
  };
}

function errorOf({ name, message, stack, facts, cause, errors, ours }: ErrorData): Error {
  const own = { ...(cause !== undefined && { cause: revived(cause) }) };
  const code = facts['code'] as ErrorCode;
  const error =
    ours && Object.hasOwn(ERROR_CODES, code)
      ? new SputnikError(code, undefined, { ...ours, ...own })
      : errors
        ? new AggregateError(errors.map(revived), message, own)
        : new Error(message, own);
  const set = (key: string, value: unknown): unknown =>
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  for (const [key, fact] of Object.entries(facts))
    Object.defineProperty(error, key, { value: fact, configurable: true, writable: true, enumerable: true });
  set('name', name);
  set('message', message);
  set('stack', stack);
  return error;
}
