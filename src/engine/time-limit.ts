import type { AskTimed } from '../arbiter/custom.ts';
import type { Context } from '../model/context.ts';
import { TandemError } from '../model/error.ts';

/** Waits for a custom conflict function's answer, but no longer than this; rejects with TD8011 beyond it. */
export function timeLimit(context: Context, limitMs: number): AskTimed {
  return async (answer) => {
    const done = new AbortController();
    const late = context.sleep(limitMs, done.signal).then(() => {
      throw new TandemError('TD8011', 'the conflict function did not answer in time', {
        expected: `an answer within ${limitMs} ms (limits.conflictFunctionMs)`,
      });
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      done.abort();
    }
  };
}
