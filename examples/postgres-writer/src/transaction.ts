import type { ClientBase, Pool } from 'pg';
import { insertEach, type Outcome, type Row } from './insert.js';

/** Does the work in one transaction: all of it is stored, or, if this rejects, nothing that it would not store again. */
export async function inTransaction<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    // at the commit it would be too late to tell which row breaks a constraint
    await client.query('begin; set constraints all immediate');
    const result = await work(new Transaction(client));
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // the server rolls back when the connection ends; a frozen one would not answer a "rollback"
    client.release(true);
    throw error;
  }
}

/** A transaction that goes on after rows that are refused. */
export class Transaction {
  readonly #client: ClientBase;

  constructor(client: ClientBase) {
    this.#client = client;
  }

  /** Inserts rows, each with an outcome of its own. The statement takes a list for each column, and gives the places of what is new as `at`. */
  insertEach(statement: string, rows: readonly Row[]): Promise<readonly Outcome[]> {
    return insertEach(async (some) => {
      const columns = some[0]?.map((_, column) => some.map((row) => row[column])) ?? [];
      await this.#client.query('savepoint part');
      try {
        const { rows: stored } = await this.#client.query<{ readonly at: string }>(statement, columns);
        await this.#client.query('release savepoint part');
        return stored.map(({ at }) => Number(at));
      } catch (error) {
        await this.#client.query('rollback to savepoint part; release savepoint part');
        throw error;
      }
    }, rows);
  }
}
