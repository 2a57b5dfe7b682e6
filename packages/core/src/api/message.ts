/**
 * A message between blocks: a plain object, passed by reference, and read-only from the moment it is sent. Keys that begin with "__" are
 * reserved.
 */
export type Msg = { readonly [key: string]: unknown; readonly [key: `__${string}`]: undefined };

/** Interfaces and type aliases can both be messages. A key that begins with "__" does not compile. */
export type Clean<M> = { readonly [K in keyof M]: K extends `__${string}` ? undefined : M[K] };

declare const contract: unique symbol;

/**
 * The address of a block, carrying its contract as types: the messages it takes and the answers it gives to `ask`.
 * A plain string fits too, and then stands for any message.
 *
 *     const PRODUCER: Responsibility<ProduceMessage, void> = 'producer';
 */
export type Responsibility<M extends Clean<M> = Msg, A = unknown> = string & {
  readonly [contract]?: (msg: M) => A;
};

/** Any responsibility, whatever its contract. */
export type AnyResponsibility = string & { readonly [contract]?: (msg: never) => unknown };

/** The message type that a responsibility carries. */
export type MessageOf<R> = R extends { readonly [contract]?: (msg: infer M) => unknown } ? M : Msg;

/** The answer type that a responsibility carries. */
export type AnswerOf<R> = R extends { readonly [contract]?: (msg: never) => infer A } ? A : unknown;

/** `Then` if the address carries a contract; `Else` if it is a plain string. */
export type IfTyped<R, Then, Else> = typeof contract extends keyof R ? Then : Else;

/** A function for a receiver of `M` takes an `M`. For a receiver of any message (`Msg`) it takes any {@link Clean} object, also a plain interface. */
export type Handing<M, Options extends readonly unknown[], Result> = [M, (key: keyof M) => void] extends [
  Msg,
  (key: string) => void,
]
  ? <N extends object>(msg: N & Clean<N>, ...options: Options) => Result
  : (msg: M, ...options: Options) => Result;
