import type { Code } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import type { Value } from '../model/value.ts';
import type { End } from './declaration.ts';

/** Turns a value that is not NULL into the other column's; throws TandemError of class row. Never clamps or rounds. */
export type Convert = (value: Value) => Value;

/** Throws the refusal of a value. The value itself is never named. */
export function refuse(code: Code, message: string, end: End, expected: string, found?: string): never {
  throw new TandemError(code, message, {
    expected,
    ...(found === undefined ? {} : { found }),
    at: { ...end.at, column: end.column.name },
  });
}

/** One function after another; null stands for "nothing to do". */
export function chain(...steps: readonly (Convert | null)[]): Convert | null {
  const [first, second, ...rest] = steps.filter((step) => step !== null);
  if (first === undefined) return null;
  if (second === undefined) return first;
  return chain((value) => second(first(value)), ...rest);
}
