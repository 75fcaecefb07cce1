import { describe, expect, it } from 'vitest';
import { recordIo } from '../../test/recorded-io.ts';
import { CODES, type Code } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import { exitMeaning } from './exit-codes.ts';
import type { GlobalOptions } from './options.ts';
import { problemOf, Refusal } from './problems.ts';
import { reportFailure } from './report-failure.ts';
import { openTerminal } from './terminal.ts';

function report(thrown: unknown, options: GlobalOptions = {}) {
  const io = recordIo();
  const exit = reportFailure(openTerminal(io, options), thrown);
  return { exit, out: io.out(), talk: io.talk() };
}

describe('reportFailure', () => {
  it('says what, where, expected, found, how to mend it and where to read more', () => {
    const error = new TandemError('TD5001', 'PostgreSQL does not log what is needed', {
      expected: 'wal_level = logical',
      found: 'replica',
      fix: 'ALTER SYSTEM SET wal_level = logical;\nand restart the server',
      at: { side: 'legacy' },
    });
    expect(report(error)).toEqual({
      exit: 5,
      out: '',
      talk: `error[TD5001]: PostgreSQL does not log what is needed
  = at: side legacy
  = expected: wal_level = logical
  = found: replica
  = fix: ALTER SYSTEM SET wal_level = logical;
         and restart the server
  = docs: tandem explain TD5001

1 error; exit code 5: a precondition is not met
`,
    });
  });

  it('explains an error that brings no advice of its own', () => {
    expect(report(new TandemError('TD4002', 'refused')).talk).toContain(`= help: ${CODES.TD4002.help}`);
  });

  it('takes what nobody expected as a bug, and keeps the stack for -v', () => {
    const thrown = new TypeError('x is not a function');
    const usual = report(thrown);
    expect(usual.exit).toBe(1);
    expect(usual.talk).toContain('error[TD9002]: x is not a function');
    expect(usual.talk).toContain('Please report it');
    expect(usual.talk).not.toContain('report-failure.test.ts');
    const verbose = report(thrown, { verbose: true });
    expect(verbose.talk).toMatch(/caused by TypeError: x is not a function\n +at .*report-failure\.test\.ts/);
  });

  it('lists twenty of many and counts the rest', () => {
    const problems = Array.from({ length: 25 }, (_, at) => problemOf(new TandemError('TD2103', `no column ${at}`)));
    const { exit, talk } = report(new Refusal(problems));
    expect(exit).toBe(3);
    expect(talk.match(/error\[TD2103\]/g)).toHaveLength(20);
    expect(talk).toContain('... and 5 more');
    expect(talk).toContain('25 errors; exit code 3: configuration not valid');
  });

  it('is one JSON document for a program, with all of them', () => {
    const problems = [new TandemError('TD7001', 'a'), new TandemError('TD4002', 'b')].map((error) => problemOf(error));
    const { exit, out, talk } = report(new Refusal(problems), { json: true });
    expect(talk).toBe('');
    expect(exit).toBe(4);
    expect(JSON.parse(out)).toEqual({
      schema: 'tandem.error/1',
      exit: 4,
      errors: [
        { code: 'TD7001', name: 'DUPLICATE', severity: 'error', message: 'a', help: [], docs: 'tandem explain TD7001' },
        {
          code: 'TD4002',
          name: 'LOGIN_REFUSED',
          severity: 'error',
          message: 'b',
          help: [],
          docs: 'tandem explain TD4002',
        },
      ],
      next: ['tandem explain TD7001', 'tandem explain TD4002'],
    });
  });

  it('never shows the password of a URL, in text or in JSON', () => {
    const error = new TandemError('TD4001', 'cannot reach postgres://anna:secret@db/shop', {
      found: 'mysql://root:secret@db',
    });
    for (const options of [{}, { json: true }, { verbose: true }]) {
      const { out, talk } = report(error, options);
      expect(out + talk).toContain('postgres://anna:***@db/shop');
      expect(out + talk).not.toContain('secret');
    }
  });
});

describe('exit codes', () => {
  it.each(Object.keys(CODES) as Code[])('%s ends with a code that has a meaning', (code) => {
    expect(exitMeaning(CODES[code].exit)).not.toBe('fine');
    expect(report(new TandemError(code, 'x')).exit).toBe(CODES[code].exit);
  });
});
