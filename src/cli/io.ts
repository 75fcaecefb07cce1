/** One of the three standard streams, as far as a command cares. */
export interface OutputStream {
  write(text: string): void;
  readonly isTTY: boolean;
}

/**
 * What the outside world is to a command. `main.ts` makes it from the process; tests make their own and read back what
 * was written.
 */
export interface Io {
  /** Data only: what a program downstream may read. */
  readonly stdout: OutputStream;
  /** Talk: progress, warnings, errors, log lines. */
  readonly stderr: OutputStream;
  readonly stdin: { readonly isTTY: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Calls back on every SIGINT and SIGTERM, until the returned function is called. */
  onSignal(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Ends the process now, with nothing in between. */
  exitNow(code: number): void;
}
