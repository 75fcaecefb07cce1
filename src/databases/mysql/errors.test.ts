import { describe, expect, test } from 'vitest';
import { driverError } from './errors.ts';

function fromServer(errno: number, message: string): Error {
  return Object.assign(new Error(message), {
    errno,
    sqlState: '23000',
    code: 'ER',
    sql: "INSERT INTO t VALUES ('s3cret')",
  });
}

describe('an error of the server', () => {
  const cases: readonly (readonly [number, string, string, Record<string, string>])[] = [
    [1062, "Duplicate entry 's3cret' for key 'users.email'", 'TD7001', { constraint: 'users.email' }],
    [1062, "Duplicate entry 's3cret' for key 'x' for key 'users.email'", 'TD7001', { constraint: 'users.email' }],
    [
      1452,
      'Cannot add or update a child row: a foreign key constraint fails (`d`.`t`, ' +
        'CONSTRAINT `up` FOREIGN KEY (`p`) REFERENCES `q` (`id`))',
      'TD7002',
      { constraint: 'up' },
    ],
    [1048, "Column 'name' cannot be null", 'TD7003', { column: 'name' }],
    [1364, "Field 'name' doesn't have a default value", 'TD7003', { column: 'name' }],
    [3819, "Check constraint 'positive' is violated.", 'TD7004', { constraint: 'positive' }],
    [4025, 'CONSTRAINT `positive` failed for `d`.`t`', 'TD7004', { constraint: 'positive' }],
    [1644, 's3cret is not allowed', 'TD7004', {}],
    [1264, "Out of range value for column 'n' at row 1", 'TD3003', { column: 'n' }],
    [1366, "Incorrect string value: 's3cret' for column `d`.`t`.`n` at row 1", 'TD3006', { column: 'n' }],
    [1213, 'Deadlock found when trying to get lock', 'TD7006', {}],
    [1205, 'Lock wait timeout exceeded', 'TD7007', {}],
    [1290, 'The MySQL server is running with the --read-only option', 'TD7008', {}],
    [9999, 's3cret', 'TD7012', {}],
  ];
  test.each(cases)('%i becomes a code with names and without values: %s', (errno, message, code, names) => {
    const error = driverError(fromServer(errno, message), 'TD7012');
    expect(error).toMatchObject({ code, details: { at: { ...names, errno } } });
    expect(`${JSON.stringify(error)} ${error.message} ${String(error.cause)}`).not.toContain('s3cret');
  });
});

describe('an error of the connection', () => {
  test.each([
    ['ECONNREFUSED', 'TD4001'],
    ['PROTOCOL_CONNECTION_LOST', 'TD4005'],
    ['ECONNRESET', 'TD4005'],
    ['SOMETHING_NEW', 'TD4005'],
  ])('%s is transient', (code, expected) => {
    const error = driverError(Object.assign(new Error('gone'), { code, errno: -1 }), 'TD7012');
    expect(error).toMatchObject({ code: expected, class: 'transient' });
  });

  test('keeps an error that is one already', () => {
    const error = driverError(fromServer(1213, ''), 'TD9002');
    expect(driverError(error, 'TD9002')).toBe(error);
  });
});
