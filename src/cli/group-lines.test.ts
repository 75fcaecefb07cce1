import { expect, test } from 'vitest';
import type { StoredGroup } from '../engine/stored-groups.ts';
import { groupLines } from './group-lines.ts';

const labels = { left: 'legacy', right: 'revamp' };
const reason = { code: 'TD5030', message: 'label is gone', expected: 'label', found: 'title', at: { link: 'items' } };
const stopped: StoredGroup = {
  lane: 'items',
  tables: { left: ['public.items', 'public.notes'], right: ['shop.items', 'shop.notes'] },
  state: 'stopped',
  sinceUs: 1_700_000_000_000_000,
  reason,
  misfit: reason,
  owed: { left: 0, right: 3 },
};
const nowMs = 1_700_000_240_000;

test('says which tables, why, since when and what next, and says it once', () => {
  expect(groupLines(stopped, labels, nowMs)).toEqual([
    'table group items  stopped since 2023-11-14T22:13:20.000Z (4 min)',
    '  legacy    public.items public.notes',
    '  revamp    shop.items shop.notes',
    '  owed      0 to legacy, 3 to revamp',
    '  TD5030    SCHEMA_MISFIT: label is gone',
    '  at        link items',
    '  expected  label',
    '  found     title',
    '  next      tandem explain TD5030',
  ]);
});

test('says what the catalogues show beside what the log has shown', () => {
  const read = { code: 'TD7005', message: 'the columns are others', fix: 'look' };
  const lines = groupLines({ ...stopped, reason: read }, labels, nowMs).join('\n');
  expect(lines).toMatch(/TD7005 +TABLE_CHANGED: the columns are others\n +next +look\n +TD5030 +SCHEMA_MISFIT/);
});

test('knows groups that nobody has stopped yet, and those that heal', () => {
  const unseen = { ...stopped, state: 'running', sinceUs: null, reason: null } as const;
  expect(groupLines(unseen, labels, nowMs)[0]).toContain('it stops as soon as an engine looks');
  const healing = { ...stopped, state: 'healing', misfit: null } as const;
  expect(groupLines(healing, labels, nowMs)[0]).toMatch(/healing, stopped since 2023/);
});
