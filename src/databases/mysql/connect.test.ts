import { describe, expect, test } from 'vitest';
import { connectionOptions, serverIdOf } from './connect.ts';

const options = (url: string) => connectionOptions({ url, label: 'left' });

describe('an address', () => {
  test('becomes what the driver needs', () => {
    expect(options('mysql://us%40er:p%2Fw@db.example:3307/shop')).toMatchObject({
      host: 'db.example',
      port: 3307,
      user: 'us@er',
      password: 'p/w',
      database: 'shop',
    });
    expect(options('mariadb://u@[::1]/d')).toMatchObject({ host: '::1', port: 3306, password: '' });
    expect(options('mysql://u@h/d')).not.toHaveProperty('ssl');
    expect(options('mysql://u@h/d?socket=/run/s')).toMatchObject({ socketPath: '/run/s' });
  });

  test('asks for encryption in the words of the server', () => {
    expect(options('mysql://u@h/d?ssl-mode=required')).toMatchObject({ ssl: { rejectUnauthorized: false } });
    const strict = { ssl: { rejectUnauthorized: true, verifyIdentity: true } };
    expect(options('mysql://u@h/d?ssl-mode=VERIFY_IDENTITY')).toMatchObject(strict);
    const tls = { ca: 'CA', verify: true };
    expect(connectionOptions({ url: 'mysql://u@h/d', label: 'left', tls })).toMatchObject({
      ssl: { ca: 'CA', ...strict.ssl },
    });
  });

  test.each(['postgres://u@h/d', 'nonsense', 'mysql://u@h/d?sslmode=require', 'mysql://u@h/d?ssl-mode=maybe'])(
    '%s is refused without its password',
    (url) => expect(() => options(url)).toThrow(expect.objectContaining({ code: 'TD1002' })),
  );
});

test('a reader has an id of its own, always the same, above those that people give out', () => {
  const id = serverIdOf({ sync: 'shop', side: 'left' });
  expect(id).toBe(serverIdOf({ sync: 'shop', side: 'left' }));
  expect(id).not.toBe(serverIdOf({ sync: 'shop', side: 'right' }));
  expect(id).toBeGreaterThanOrEqual(2 ** 31);
  expect(id).toBeLessThan(2 ** 32);
});
