import { expect, test } from 'vitest';
import type { StoredStatus } from '../../src/engine/status.ts';
import { openHome } from '../sample-process.ts';
import { describeServers } from '../servers.ts';
import { fill, openDriftPair, untilHealed, untilStopped } from './stage.ts';

const engines = { left: 'postgres', right: 'mysql' } as const;

await describeServers('tandem status', engines, (servers) => {
  test('shows a stopped table group, whether an engine runs or not', { timeout: 240_000 }, async () => {
    await using pair = await openDriftPair(servers);
    await using home = await openHome(pair);
    const { project } = home;
    const group = async () => {
      const { groups } = await project.json<StoredStatus>('status');
      expect(groups.filter(({ lane }) => lane !== 'items').every(({ state }) => state === 'running')).toBe(true);
      return groups.find(({ lane }) => lane === 'items');
    };
    const sync = await pair.start();
    await fill(pair, sync);
    expect((await project.tandem('status')).out).not.toContain('table group');
    expect(await group()).toMatchObject({ state: 'running', sinceUs: null, reason: null, misfit: null });
    await pair.run(
      'left',
      'ALTER TABLE items RENAME COLUMN label TO title',
      "UPDATE items SET price = 7 WHERE sku = 'a'",
    );
    await untilStopped(pair, 'TD7005', 'TD5030');
    await sync.idle();
    expect(await group()).toMatchObject({
      tables: { left: ['public.items', 'public.notes'] },
      state: 'stopped',
      sinceUs: expect.any(Number),
      reason: { code: expect.stringMatching(/^TD(7005|5030)$/) },
      misfit: { code: 'TD5030', message: expect.stringContaining('label'), at: { link: 'items' } },
      owed: { left: 0, right: 1 },
    });
    await sync.stop();
    const { exit, out, talk } = await project.tandem('status');
    expect([exit, talk]).toEqual([2, '']);
    expect(out).toMatch(/^table group items {2}stopped since \d{4}-.* \(\d+ s\)$/m);
    expect(out).toMatch(/TD5030 +SCHEMA_MISFIT: .*label/);
    expect(out).toMatch(/next .*mapping/);
    const document = await project.json<{ schema: string; next: string[] }>('status');
    expect(document).toMatchObject({ schema: 'tandem.status/1', next: ['tandem check', 'tandem run'] });
    // The tables fit again, but nobody has brought the group into step yet.
    await pair.run('left', 'ALTER TABLE items RENAME COLUMN title TO label');
    expect(await group()).toMatchObject({ state: 'stopped', misfit: null });
    expect((await project.tandem('status')).exit).toBe(2);
    await pair.start();
    await untilHealed(pair);
    expect((await project.tandem('status')).exit).toBe(0);
    expect(await group()).toMatchObject({ state: 'running', owed: { left: 0, right: 0 } });
  });
});
