import type { Code } from './codes.ts';

/** One result of a check: of a mapping, of a server's settings, of a privilege, of data that already exists. */
export interface Finding {
  readonly code: Code;
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  /** What mends it: SQL or a command to paste, one statement a line. */
  readonly fix?: string;
  /** Closest valid name, where one was misspelt. */
  readonly suggestion?: string;
  /** A path into the declaration, e.g. ['links','users','columns','email']; fronts turn it into a place in a file. */
  readonly path?: readonly (string | number)[];
  /** Side, table, column, privilege: whatever names the subject. */
  readonly at?: Readonly<Record<string, string>>;
}
