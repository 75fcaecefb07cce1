/** The flags that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly envFile?: string;
  /** One JSON document on stdout instead of text. */
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** False after --no-color. */
  readonly color?: boolean;
  /** False after --no-input. */
  readonly input?: boolean;
  readonly yes?: boolean;
}

/** The flags as far as they can be told from a command line that does not parse. */
export function guessOptions(argv: readonly string[]): GlobalOptions {
  const has = (...names: readonly string[]) => names.some((name) => argv.includes(name));
  return {
    json: has('--json'),
    quiet: has('-q', '--quiet'),
    verbose: has('-v', '--verbose'),
    color: !has('--no-color'),
    input: !has('--no-input'),
  };
}
