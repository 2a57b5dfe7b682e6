/** Bounds of a mailbox for messages `M`. */
// oxlint-disable-next-line typescript/no-explicit-any -- of any block, unless a type is given
export interface MailboxOptions<M = any> {
  /** Messages waiting at most; 65,536 unless given. */
  readonly capacity?: number | undefined;
  /**
   * What a message weighs, in a unit of your choice, such as bytes: a whole number, 0 or more. Called inside `send`, so be quick, and change
   * nothing. Together with `maxWeight`; without them messages are only counted.
   */
  readonly weigh?: ((msg: M) => number) | undefined;
  /** Weight of all messages held at most, waiting or under way. One that is heavier is accepted when nothing else is held (M10). */
  readonly maxWeight?: number | undefined;
  /** What a full mailbox does with a further message: refuse it (the default), or drop its oldest one for it. */
  readonly whenFull?: 'reject' | 'drop-oldest' | undefined;
  /** `onMsg` or `onMsgs` calls under way at most; 1 unless given. */
  readonly concurrency?: number | undefined;
  /** Messages that one call of `onMsgs` gets at most; 256 unless given. */
  readonly batch?: number | undefined;
}
