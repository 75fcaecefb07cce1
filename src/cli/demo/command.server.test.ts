import { expect, test } from 'vitest';
import { recordIo } from '../../../test/recorded-io.ts';
import { openSession } from '../session.ts';
import { demo } from './command.ts';
import type { DemoReport } from './report.ts';

// Whether these servers can be had here is the business of the servers' own tests; the demo must come to a verdict.

test.each(['mysql', 'mariadb'] as const)(
  'the demo with %s ends with both sides equal',
  { timeout: 240_000 },
  async (right) => {
    const io = recordIo();
    const exitCode = await demo(openSession(io, { json: true }), { right, seconds: 6 });
    const report = JSON.parse(io.out().trimEnd().split('\n').at(-1) ?? '') as DemoReport;
    expect(report, io.talk()).toMatchObject({ schema: 'tandem.demo/1', differences: 0, echoes: 0, silent: true });
    expect(exitCode).toBe(0);
    expect(report.applied['left->right']).toBeGreaterThan(20);
    expect(report.applied['right->left']).toBeGreaterThan(20);
    expect(report.conflicts).toBeGreaterThan(0);
  },
);

test('an interrupt ends the demo with a verdict, too', { timeout: 240_000 }, async () => {
  const io = recordIo();
  const running = demo(openSession(io, {}), { right: 'mysql' });
  await expect.poll(() => io.talk(), { timeout: 120_000 }).toContain('5 s  legacy -> revamp');
  io.signal('SIGINT');
  expect(await running).toBe(0);
  expect(io.talk()).toContain('no difference');
  expect(io.out()).toBe('');
  expect(io.exits).toEqual([]);
});
