import { findingDocument, frameOf, helpOf } from '../config/frames.ts';
import type { ConfigSource } from '../config/source.ts';
import { CODES, type Code } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import type { Colors, Terminal } from './terminal.ts';

/** An error or a finding, ready to be shown: one form for both, in text and in JSON. */
export interface Problem {
  readonly code: Code;
  readonly severity: Finding['severity'];
  readonly text: (paint: Colors) => string;
  readonly document: object;
}

/** What ends a command with more than one thing to say. */
export class Refusal extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('the configuration is refused');
    this.problems = problems;
  }
}

/** More than this many problems are counted, not shown. */
const shownMax = 20;

/** `source` is the file that a finding's path leads into. */
export function problemOf(subject: TandemError | Finding, source?: ConfigSource): Problem {
  const finding = subject instanceof TandemError ? findingOf(subject) : subject;
  const { code, severity } = finding;
  const text = (paint: Colors) => render(finding, paint, source);
  return { code, severity, text, document: documentOf(finding, source) };
}

function findingOf({ code, message, details }: TandemError): Finding {
  const { expected, found, fix, at } = details;
  return {
    code: code as Code,
    severity: 'error',
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    ...(fix === undefined ? {} : { fix }),
    ...(at === undefined
      ? {}
      : { at: Object.fromEntries(Object.entries(at).map(([key, value]) => [key, `${value}`])) }),
  };
}

function documentOf(finding: Finding, source: ConfigSource | undefined): object {
  const { code, severity, message, at } = finding;
  const place = at === undefined ? {} : { at };
  if (source !== undefined) return { ...findingDocument(finding, source), ...place };
  const help = helpOf(finding);
  return { code, name: CODES[code].name, severity, message, ...place, help, docs: `tandem explain ${code}` };
}

/** In the manner of rustc: what, where, expected, found, how to mend it, where to read more. */
function render(finding: Finding, paint: Colors, source: ConfigSource | undefined): string {
  const { code, severity, message } = finding;
  const tint = { error: paint.red, warning: paint.yellow, note: paint.cyan }[severity];
  const frame = source === undefined ? undefined : frameOf(finding, source);
  const lines = [`${tint(paint.bold(`${severity}[${code}]`))}${paint.bold(`: ${message}`)}`];
  if (frame !== undefined) lines.push(frame);
  const add = (label: string, value: string | undefined) => {
    if (value === undefined || value === '') return;
    const [first = '', ...rest] = value.split('\n');
    lines.push(`  ${paint.dim('=')} ${paint.bold(label)}: ${first}`);
    for (const line of rest) lines.push(`    ${' '.repeat(label.length)}  ${line}`);
  };
  add('at', describePlace(finding.at));
  add('expected', finding.expected);
  add('found', finding.found);
  if (frame === undefined) add('did you mean', finding.suggestion);
  add('fix', finding.fix);
  const saysWhatToDo = finding.expected !== undefined || finding.fix !== undefined;
  if (!saysWhatToDo) add('help', CODES[code].help);
  lines.push(`  ${paint.dim(`= docs: tandem explain ${code}`)}`);
  return lines.join('\n');
}

function describePlace(at: Finding['at']): string | undefined {
  if (at === undefined) return undefined;
  return Object.entries(at)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** Errors first, then warnings, then notes; the rest of a long list is counted. */
export function sayProblems(terminal: Terminal, problems: readonly Problem[]): void {
  const order = { error: 0, warning: 1, note: 2 };
  const sorted = problems.toSorted((a, b) => order[a.severity] - order[b.severity]);
  for (const problem of sorted.slice(0, shownMax)) terminal.warn(`${problem.text(terminal.paintTalk)}\n`);
  if (sorted.length > shownMax) terminal.warn(`... and ${sorted.length - shownMax} more (--json lists all)\n`);
}

/** For example `7 errors, 2 warnings`; empty when there is nothing. */
export function countProblems(problems: readonly Problem[]): string {
  const parts: string[] = [];
  for (const severity of ['error', 'warning', 'note'] as const) {
    const count = problems.filter((problem) => problem.severity === severity).length;
    if (count > 0) parts.push(`${count} ${severity}${count === 1 ? '' : 's'}`);
  }
  return parts.join(', ');
}
