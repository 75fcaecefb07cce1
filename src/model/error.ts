import type { CodeEntry, ErrorClass } from './code-entry.ts';
import { CODES, type Code } from './codes.ts';

export interface ErrorDetails {
  /** What was expected and what was found, in words without row values. */
  readonly expected?: string;
  readonly found?: string;
  /** What to do next; SQL or a command to paste where there is one. */
  readonly fix?: string;
  /** Where: link, table, column, direction, constraint, position. Never a row value, never a secret. */
  readonly at?: Readonly<Record<string, string | number>>;
  readonly cause?: unknown;
}

/** The one error type of Tandem. `code` is stable across versions; see `tandem explain CODE`. */
export class TandemError extends Error {
  override readonly name = 'TandemError';
  readonly code: string;
  readonly title: string;
  readonly class: ErrorClass;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const entry: CodeEntry = CODES[code];
    this.code = code;
    this.title = entry.name;
    this.class = entry.class;
    this.details = details;
  }

  /** The same content as JSON, without cause and stack. */
  toJSON(): object {
    const { expected, found, fix, at } = this.details;
    return { code: this.code, name: this.title, message: this.message, expected, found, fix, at };
  }
}

/** Any thrown thing as a TandemError; what has no code of its own becomes INTERNAL with the thing as its cause. */
export function asTandemError(thrown: unknown): TandemError {
  if (thrown instanceof TandemError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TandemError('TD9002', message, { cause: thrown });
}
