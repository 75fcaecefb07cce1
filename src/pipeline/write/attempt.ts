import type { CarefulPass } from './pass.ts';

/**
 * Work that may fail for what a row holds. Where it does, it is undone as a whole, in the database and in what is known
 * of the transaction here, and the transaction goes on. Rethrows what was thrown; after a TandemError of another class
 * than row only rollback is left.
 */
export async function attempt<T>(pass: CarefulPass, work: () => Promise<T>): Promise<T> {
  const restore = remember(pass);
  try {
    return await pass.scope.transaction.attempt(work, pass.checkDeferred);
  } catch (thrown) {
    restore();
    throw thrown;
  }
}

function remember(pass: CarefulPass): () => void {
  const { scope, owed, tally, deferred, decided, standing } = pass;
  const restores = [scope.states.mark(), pass.owedRows.mark(), pass.ledger.mark()];
  const [made, owedCount, tallied] = [scope.made.length, owed.length, { ...tally }];
  const [emptied, deferredRows] = [[...scope.emptied], [...deferred]];
  const [decidedRows, standingRows] = [[...decided], [...standing]];
  return () => {
    for (const restore of restores) restore();
    for (const { id, before } of scope.made.splice(made).toReversed()) {
      if (before === undefined) scope.fresh.delete(id);
      else scope.fresh.set(id, before);
    }
    owed.length = owedCount;
    Object.assign(tally, tallied);
    scope.emptied.clear();
    for (const link of emptied) scope.emptied.add(link);
    refill(deferred, deferredRows);
    refill(decided, decidedRows);
    refill(standing, standingRows);
  };
}

function refill<K, V>(map: Map<K, V>, entries: readonly (readonly [K, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
