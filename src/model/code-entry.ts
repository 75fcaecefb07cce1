/**
 * What the engine does about an error. Decided here once per code, never at a call site (design: correctness 9.1).
 *
 * - `transient`: roll back everything, try again with back-off for as long as it takes, never park
 * - `row`: this row cannot be applied as it is
 * - `schema`: this table group no longer fits the plan; the others go on
 * - `history`: the log cannot be read on without a gap, or is not ours to read; stop, never skip
 * - `fenced`: another engine has taken over; this one ends
 * - `setup`: configuration, privilege or server setting; nothing starts until it is mended
 * - `internal`: a broken invariant of Tandem itself
 */
export type ErrorClass = 'transient' | 'row' | 'schema' | 'history' | 'fenced' | 'setup' | 'internal';

export interface CodeEntry {
  readonly name: string;
  readonly class: ErrorClass;
  /**
   * Exit code of a command that ends with it (3 config, 4 connection or privilege, 5 precondition, 7 position lost, 1
   * other).
   */
  readonly exit: number;
  /** What it means and what to do, for `tandem explain`. Plain text, a few sentences. */
  readonly help: string;
}

export function entry(name: string, errorClass: ErrorClass, exit: number, help: string): CodeEntry {
  return { name, class: errorClass, exit, help };
}
