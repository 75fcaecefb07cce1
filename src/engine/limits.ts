import type { Limits } from '../mapping/declaration.ts';
import type { Stream } from './sync-status.ts';

/** What a user may bound, with what is used where he does not. */
export interface EngineLimits extends Required<Omit<Limits, 'rowsPerSecond'>> {
  /** Infinity where a direction has no limit. */
  readonly rowsPerSecond: Readonly<Record<Stream, number>>;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

export function limitsOf(declared: Limits = {}): EngineLimits {
  const { rowsPerSecond } = declared;
  return {
    batchRows: 2_000,
    batchBytes: 16 * MIB,
    chunkRows: 5_000,
    lookAheadRows: 10_000,
    lookAheadBytes: 64 * MIB,
    spillBytes: 10 * GIB,
    retainedBytes: 10 * GIB,
    silenceMs: 30_000,
    retryFirstMs: 50,
    retryLastMs: 30_000,
    conflictFunctionMs: 5_000,
    conflictRows: 100_000,
    conflictDays: 30,
    dirtyRows: 200_000,
    ...declared,
    rowsPerSecond: {
      'left->right': rowsPerSecond?.toRight ?? Infinity,
      'right->left': rowsPerSecond?.toLeft ?? Infinity,
    },
  };
}

/** Pauses between attempts, milliseconds. */
export interface RetryDelays {
  readonly firstMs: number;
  readonly lastMs: number;
}

export function retryDelays({ retryFirstMs, retryLastMs }: EngineLimits): RetryDelays {
  return { firstMs: retryFirstMs, lastMs: Math.max(retryFirstMs, retryLastMs) };
}
