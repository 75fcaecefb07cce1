import { expect, test } from 'vitest';
import { TandemError } from '../model/error.ts';
import { parseAddress } from './address.ts';
import { createApp, type Shown } from './app.ts';

const starting: Shown = {
  sync: () => null,
  metrics: () => ({ contentType: 'text/plain', text: () => Promise.resolve('tandem_build_info 1\n') }),
  stored: () => Promise.reject(new TandemError('TD4005', 'away')),
  token: undefined,
};
const local = { headers: { host: '127.0.0.1:7070' } };
const bearing = (token: string) => ({ headers: { host: 'tandem.example', authorization: `Bearer ${token}` } });

test('an address that others can reach needs a token', () => {
  for (const listen of ['0.0.0.0:7070', '[::]:7070', '10.0.0.4:7070', 'tandem.example:7070', '127.0.0.1.example:1']) {
    expect(() => parseAddress(listen, undefined)).toThrowError(expect.objectContaining({ code: 'TD1050' }));
    expect(parseAddress(listen, 'secret').port).toBeGreaterThan(0);
  }
  for (const listen of ['127.0.0.1:7070', 'localhost:7070', '[::1]:7070', '127.8.9.1:7070']) {
    expect(parseAddress(listen, undefined).port).toBe(7070);
  }
  for (const listen of ['7070', ':7070', '127.0.0.1', '127.0.0.1:70700', '::1:7070']) {
    expect(() => parseAddress(listen, 'secret')).toThrowError(expect.objectContaining({ code: 'TD1051' }));
  }
});

test('without a token it answers to names of loopback only', async () => {
  const app = createApp(starting);
  for (const host of ['127.0.0.1:7070', 'localhost:7070', '[::1]:7070']) {
    expect((await app.request('/metrics', { headers: { host } })).status).toBe(200);
  }
  expect((await app.request('/metrics', { headers: { host: 'evil.example:7070' } })).status).toBe(421);
  expect((await app.request('/livez', { headers: { host: 'evil.example' } })).status).toBe(421);
});

test('with a token only probes are open, and say yes or no', async () => {
  const app = createApp({ ...starting, token: 'right' });
  for (const path of ['/metrics', '/status', '/readyz?verbose']) {
    expect((await app.request(path)).status).toBe(401);
    expect((await app.request(path, bearing('wrong'))).status).toBe(401);
    expect((await app.request(path, bearing('right '.trim()))).status).not.toBe(401);
  }
  expect(await (await app.request('/livez')).text()).toBe('ok\n');
  expect(await (await app.request('/readyz')).text()).toBe('not ready\n');
});

test('is alive but not ready while the engine starts', async () => {
  const app = createApp(starting);
  expect((await app.request('/livez', local)).status).toBe(200);
  const ready = await app.request('/readyz?verbose', local);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toBe('[-] engine: TD6054 the engine is starting\nnot ready\n');
});

test('knows no other paths', async () => {
  const found = await createApp(starting).request('/etc/passwd', local);
  expect([found.status, await found.text()]).toEqual([404, expect.stringContaining('/readyz')]);
});

test('says under which code the databases cannot be asked', async () => {
  const found = await createApp(starting).request('/status', local);
  expect(found.status).toBe(503);
  const document: unknown = await found.json();
  expect(document).toMatchObject({ schema: 'tandem.error/1', errors: [{ code: 'TD4005' }], running: null });
});
