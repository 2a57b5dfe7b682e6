import { DatabaseError } from 'pg';

/** The values of a row, by column. */
export type Row = readonly unknown[];

/** What became of a row: it is stored, or was before; or the error with which it was not. */
export type Outcome = { readonly duplicate: boolean } | Error;

/** Inserts rows, all or none. Resolves with the places, from 1 on, of those that are new. */
export type Insert = (rows: readonly Row[]) => Promise<readonly number[]>;

/** What the table, or a trigger, has against the row itself: data, constraints, limits, `raise` (PostgreSQL, appendix A). */
const REFUSALS = /^(22|23|54|P0001)/;

/** True if the server refuses the row for good; otherwise the same row may be stored later. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && REFUSALS.test(error.code ?? '');
}

/** Inserts rows in their order. One that is refused does not hold up the others: it is looked for by halves. */
export async function insertEach(insert: Insert, rows: readonly Row[]): Promise<readonly Outcome[]> {
  if (rows.length === 0) return [];
  try {
    const stored = new Set(await insert(rows));
    return rows.map((_, index) => ({ duplicate: !stored.has(index + 1) }));
  } catch (error) {
    if (rows.length === 1 || !isRefusal(error)) return rows.map(() => error as Error);
  }
  const middle = rows.length >> 1;
  const first = await insertEach(insert, rows.slice(0, middle));
  return [...first, ...(await insertEach(insert, rows.slice(middle)))];
}
