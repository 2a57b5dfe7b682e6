/** The identity of a block. Two blocks may share a name, never a responsibility. */
export interface BlockDescriptor {
  /** The block's type: says which factory makes it. */
  readonly name: string;
  /** The block's unique address in the process. */
  readonly responsibility: string;
}

/** Address of the infrastructure block that dispatches all others. */
export const INITIATOR = 'initiator';
/** Address of the infrastructure block that listens for shutdown signals. */
export const FINISHER = 'finisher';
/** Address of the infrastructure block that keeps the server connection. */
export const CONNECTOR = 'connector';

/** Responsibilities that no application block may take (B2). */
export const RESERVED: ReadonlySet<string> = new Set([INITIATOR, FINISHER, CONNECTOR]);

/** A frozen copy, so that nobody can change an address later (B2). */
export function describe(name: string, responsibility: string = name): BlockDescriptor {
  // guard: B2 descriptors are frozen
  return Object.freeze({ name, responsibility });
}

/** How a block is named in texts for people: `webhook`, or `hooks (webhook)` when the two parts differ. */
export function label({ name, responsibility }: BlockDescriptor): string {
  return name === responsibility ? name : `${responsibility} (${name})`;
}
