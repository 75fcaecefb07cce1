/** Structured log: fields first, then a lowercase sentence. Never a row value, never a secret. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Everything that is not a function of its arguments comes in through here, so that the simulation can drive the code
 * that ships.
 */
export interface Context {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  /** Resolves after `ms`, or rejects with the signal's reason when it fires. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly log: Log;
  /** A folder for spilled look-ahead; removed by whoever made the context. */
  readonly spillFolder: string;
}
