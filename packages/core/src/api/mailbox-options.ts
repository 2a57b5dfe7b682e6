/** Bounds of a mailbox for messages `M`. */
// oxlint-disable-next-line typescript/no-explicit-any -- of any block, unless a type is given
export interface MailboxOptions<M = any> {
  /** Most messages that wait. Default: 65,536. */
  readonly capacity?: number | undefined;
  /**
   * Returns the weight of a message, in a unit of your choice, such as bytes: a whole number, 0 or more. It is called inside `send`, so be
   * quick, and change nothing. Goes together with `maxWeight`; without them, messages are only counted.
   */
  readonly weigh?: ((msg: M) => number) | undefined;
  /** Most weight of all messages, waiting or under way. A heavier message is accepted if no other is held (M10). */
  readonly maxWeight?: number | undefined;
  /** What a full mailbox does with a further message: reject it (the default), or drop its oldest one instead. */
  readonly whenFull?: 'reject' | 'drop-oldest' | undefined;
  /** Most calls of `onMsg` or `onMsgs` under way. Default: 1. */
  readonly concurrency?: number | undefined;
  /** Most messages for one call of `onMsgs`. Default: 256. */
  readonly batch?: number | undefined;
}
