import type { ClientBase, Pool } from 'pg';
import { insertEach, inserting, type Outcome, type Row } from './insert.js';

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

  /** Inserts rows, each with an outcome of its own. */
  insertEach(statement: string, rows: readonly Row[]): Promise<readonly Outcome[]> {
    const insert = inserting(async (text, values) => (await this.#client.query(text, values)).rows, statement);
    return insertEach(async (some) => {
      await this.#client.query('savepoint part');
      try {
        const stored = await insert(some);
        await this.#client.query('release savepoint part');
        return stored;
      } catch (error) {
        await this.#client.query('rollback to savepoint part; release savepoint part');
        throw error;
      }
    }, rows);
  }
}
