/** Hands a message to the server; resolves when the server has it. */
export type Produce = () => Promise<unknown>;

/** Messages under way at once. */
export const UNDER_WAY = 1000;

/** Every message of the bench between connector and server. */
export const PAYLOAD: Uint8Array = new Uint8Array(200).fill(120);

/** Produces `count` messages, {@link UNDER_WAY} at once; resolves when the server has all of them. */
export async function produceAll(produce: Produce, count: number): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) await produce();
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, one));
}
