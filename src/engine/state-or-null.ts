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

/** NOT_APPLIED from what knows that it reads a state table, TABLE_CHANGED from what reads any table. */
const absent = new Set(['TD5013', 'TD7005']);
