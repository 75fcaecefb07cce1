import { expect, test } from 'vitest';
import { type AppliedProject, openAppliedProject } from '../../test/applied-project.ts';
import type { Project } from '../../test/project.ts';
import { describeServers } from '../../test/servers.ts';
import type { Connection } from './demo/database.ts';
import type { Server } from './demo/servers/server.ts';

/** Two tables that are in step: goods whose stock both sides count, and notes about which people decide. */
function openApplied(left: Server, right: Server): Promise<AppliedProject> {
  const notes = 'create table notes (id integer primary key, text varchar(50))';
  return openAppliedProject(left, right, {
    left: ['create table goods (id integer primary key, name varchar(50), stock integer not null)', notes],
    right: ['create table wares (ware_id integer primary key, title varchar(50), amount integer not null)', notes],
    links: `
  goods:
    left: goods
    right: wares
    conflict: { default: newest, columns: [{ columns: [stock], policy: delta }] }
    columns: { id: ware_id, name: title, stock: amount }
  notes: { left: notes, right: notes, conflict: park, columns: { id: id, text: text } }`,
  });
}

const patience = { timeout: 60_000 };
const note = async (connection: Connection, id: number) =>
  (await connection.query(`select text from notes where id = ${id}`))[0]?.['text'];
const goodsOnLeft = 'select name, stock from goods where id = 1';
const goodsOnRight = 'select title as name, amount as stock from wares where ware_id = 1';

interface Listed {
  readonly conflicts: readonly {
    readonly id: string;
    readonly link: string;
    readonly type: string;
    readonly state: string;
    readonly winner: string;
    readonly policy: string;
    readonly keys?: object;
  }[];
}

const listed = async (project: Project, line: string) => (await project.json<Listed>(`conflicts ls ${line}`)).conflicts;

/** Rows that are in step, and then changed on both sides while nobody looks. */
async function makeConflicts({ left, right, whileRunning }: AppliedProject): Promise<void> {
  await whileRunning(async () => {
    await left.execute("insert into goods values (1, 'nails', 10)");
    await left.execute("insert into notes values (1, 'at first')");
    await expect.poll(async () => note(right, 1), patience).toBe('at first');
    await expect.poll(async () => right.query(goodsOnRight), patience).toHaveLength(1);
  });
  await left.execute("update goods set stock = stock + 5, name = 'screws' where id = 1");
  await right.execute('update wares set amount = amount - 3 where ware_id = 1');
  await left.execute("update notes set text = 'from the left' where id = 1");
  await right.execute("update notes set text = 'from the right' where id = 1");
}

for (const [leftEngine, rightEngine] of [
  ['postgres', 'mysql'],
  ['mariadb', 'postgres'],
] as const) {
  const engines = { left: leftEngine, right: rightEngine };
  await describeServers(`conflicts of ${leftEngine} and ${rightEngine}`, engines, (servers) => {
    test('are decided by column groups, left to a person, listed, explained and resolved', async () => {
      await using applied = await openApplied(servers.left, servers.right);
      const { project, left, right, whileRunning } = applied;
      await makeConflicts(applied);
      await whileRunning(async () => {
        const both = [{ name: 'screws', stock: 12 }];
        await expect.poll(async () => left.query(goodsOnLeft), patience).toEqual(both);
        await expect.poll(async () => right.query(goodsOnRight), patience).toEqual(both);
        await expect.poll(async () => listed(project, '--open'), patience).toHaveLength(1);
        const [open] = await listed(project, '--open --link notes');
        expect(open).toMatchObject({ type: 'update_origin_differs', state: 'open', winner: 'nobody', policy: 'park' });
        expect(open).not.toHaveProperty('keys');
        const [counted] = await listed(project, '--link goods --values');
        expect(counted).toMatchObject({ state: 'decided', winner: 'merged', keys: { left: '1', right: '1' } });
        const told = await project.tandem(`conflicts show ${counted?.id ?? ''}`);
        expect(told.out).toContain("stock holds what both added; name is left's");
        expect(told.out).not.toContain('screws');

        // Both sides keep what they have, also when home changes the row again; everything else flows.
        await left.execute("update notes set text = 'left again' where id = 1");
        await left.execute("insert into notes values (3, 'passes')");
        await expect.poll(async () => note(right, 3), patience).toBe('passes');
        expect(await note(right, 1)).toBe('from the right');

        const id = open?.id ?? '';
        expect((await project.tandem(`conflicts show ${id}`)).out).toMatch(/Nobody has decided yet \(TD8010\)/);
        const shown = await project.tandem(`conflicts show ${id} --values`);
        expect(shown.out).toMatch(/text +at first +from the left +from the right/);
        expect(await project.tandem(`conflicts resolve ${id} --take right -y`)).toMatchObject({
          exit: 2,
          talk: expect.stringContaining('TD8013'),
        });
        expect(await project.tandem(`conflicts resolve ${id} --take right --force`)).toMatchObject({ exit: 6 });
        const resolved = await project.tandem(`conflicts resolve ${id} --take right --force -y`);
        expect(resolved).toMatchObject({ exit: 0, talk: expect.stringContaining('These columns change: text') });
        for (const side of [left, right]) await expect.poll(async () => note(side, 1), patience).toBe('from the right');
        expect(await listed(project, '--open')).toEqual([]);

        // A past decision can be changed, too, and what was decided flows on.
        const [byHand] = await listed(project, '--link notes --limit 1');
        expect(byHand).toMatchObject({ policy: 'by hand', winner: 'right', state: 'decided' });
        const again = await project.tandem(`conflicts resolve ${byHand?.id ?? ''} --set text=settled -y`);
        expect(again.exit).toBe(0);
        for (const side of [left, right]) await expect.poll(async () => note(side, 1), patience).toBe('settled');
        await right.execute("update notes set text = 'and on' where id = 1");
        await expect.poll(async () => note(left, 1), patience).toBe('and on');
      });
      expect(await project.tandem('conflicts show nothing')).toMatchObject({ exit: 1 });
      expect(await project.tandem('conflicts ls --since yesterday-ish')).toMatchObject({ exit: 64 });
    });
  });
}
