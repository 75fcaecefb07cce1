import type { Code } from '../model/codes.ts';
import type { Finding } from '../model/finding.ts';
import { closest } from './closest.ts';

type Details = Omit<Finding, 'code' | 'severity' | 'message'>;

/** Collects findings, so that all of them come out at once. */
export class Findings {
  readonly all: Finding[] = [];

  get failed(): boolean {
    return this.all.some((finding) => finding.severity === 'error');
  }

  error(code: Code, message: string, details: Details): void {
    this.all.push({ code, severity: 'error', message, ...details });
  }

  warning(code: Code, message: string, details: Details): void {
    this.all.push({ code, severity: 'warning', message, ...details });
  }

  note(code: Code, message: string, details: Details): void {
    this.all.push({ code, severity: 'note', message, ...details });
  }
}

const LISTED_MAX = 12;

/** What to say about a name that is not among the valid ones: the list, and the closest of it. */
export function unknownName(
  name: string,
  valid: readonly string[],
): Pick<Finding, 'expected' | 'found' | 'suggestion'> {
  const more = valid.length > LISTED_MAX ? ', ...' : '';
  const suggestion = closest(name, valid);
  return {
    expected: `one of ${valid.slice(0, LISTED_MAX).join(', ')}${more}`,
    found: name,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}
