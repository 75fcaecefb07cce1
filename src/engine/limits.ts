import type { Limits } from '../mapping/declaration.ts';

/** What a user may bound, with what is used where he does not. All are row changes. */
export type EngineLimits = Required<Limits>;

export function limitsOf(declared: Limits | undefined): EngineLimits {
  return {
    batchRows: declared?.batchRows ?? 2_000,
    chunkRows: declared?.chunkRows ?? 5_000,
    lookAheadRows: declared?.lookAheadRows ?? 10_000,
  };
}
