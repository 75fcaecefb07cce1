import { TandemError } from '../model/error.ts';

/** What a state table says, or null where `tandem apply` has not made the table yet. */
export async function stateOrNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof TandemError && absent.has(error.code)) return null;
    throw error;
  }
}

/**
 * NOT_APPLIED from what knows that it reads a state table; from what reads any table, TABLE_CHANGED or
 * DATABASE_MISSING. DATABASE_MISSING where the state tables would have a database of their own: the connection's own is
 * there.
 */
const absent = new Set(['TD5013', 'TD7005', 'TD4004']);
