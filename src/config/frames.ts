import { CODES } from '../model/codes.ts';
import type { Finding } from '../model/finding.ts';
import type { ConfigSource } from './source.ts';

/**
 * The place of a finding in the manner of rustc: file, line, column, the line itself and a caret under what is meant.
 * Undefined where the finding is about no place of the file. Passwords in URLs are masked.
 *
 * ```
 *  --> tandem.yaml:8:17
 *   |
 * 7 |       id: user_id
 * 8 |       username: user_nam
 *   |                 ^^^^^^^^ did you mean 'user_name'?
 *   |
 * ```
 */
export function frameOf(finding: Finding, source: ConfigSource): string | undefined {
  if (finding.path === undefined) return undefined;
  const place = source.locate(finding);
  if (place === null) return ` --> ${source.file}: ${finding.path.join('.')}`;
  const lines = source.text.split('\n');
  const shown = [place.line - 1, place.line].filter(
    (line) => line > 0 && (line === place.line || lines[line - 1]?.trim() !== ''),
  );
  const width = String(place.line).length;
  const margin = `${' '.repeat(width)} |`;
  const hint = finding.suggestion === undefined ? '' : ` did you mean '${finding.suggestion}'?`;
  return [
    `${' '.repeat(width)}--> ${source.file}:${place.line}:${place.column}`,
    margin,
    ...shown.map((line) => `${String(line).padStart(width)} | ${mask((lines[line - 1] ?? '').trimEnd())}`),
    `${margin} ${' '.repeat(place.column - 1)}${'^'.repeat(place.length)}${hint}`,
    margin,
  ].join('\n');
}

/** As long as what it hides, so that carets stay below what they point to. */
function mask(line: string): string {
  return line.replaceAll(/(:\/\/[^:@/\s]*:)([^@\s]*)(@)/g, (whole, before: string, password: string, after: string) =>
    password.startsWith('${') ? whole : `${before}${'*'.repeat(password.length)}${after}`,
  );
}

/** A finding as JSON, for `--json`. */
export interface FindingDocument extends Pick<Finding, 'code' | 'severity' | 'message' | 'path'> {
  readonly name: string;
  readonly file: string;
  /** From 1; null where the finding is about no place of the file. */
  readonly range: { readonly line: number; readonly column: number; readonly length: number } | null;
  readonly help: readonly string[];
  readonly docs: string;
}

export function findingDocument(finding: Finding, source: ConfigSource): FindingDocument {
  const { code, severity, message, path } = finding;
  return {
    code,
    name: CODES[code].name,
    severity,
    message,
    file: source.file,
    range: path === undefined ? null : source.locate(finding),
    ...(path === undefined ? {} : { path }),
    help: helpOf(finding),
    docs: `tandem explain ${code}`,
  };
}

/** What a finding has to say beyond its message, a line each. */
export function helpOf({ expected, found, suggestion, fix }: Finding): readonly string[] {
  return [
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...(found === undefined ? [] : [`found: ${found}`]),
    ...(suggestion === undefined ? [] : [`did you mean '${suggestion}'?`]),
    ...(fix === undefined ? [] : fix.split('\n')),
  ];
}
