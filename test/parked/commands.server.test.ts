import { expect, test } from 'vitest';
import { describeServers } from '../servers.ts';
import { type GoodsStage, openGoods } from './goods.ts';

const patience = { timeout: 30_000, interval: 50 };

interface Listed {
  readonly rows: number;
  readonly parked: readonly {
    readonly id: string;
    readonly code: string;
    readonly state: string;
    readonly attempts: number;
  }[];
}

/** Rows 1 and 2 are refused by a check and an enum, row 3 is not; the engine runs. */
async function withPoison(stage: GoodsStage): Promise<void> {
  await stage.start();
  await stage.left(
    "INSERT INTO goods (id, code, title, amount) VALUES (1, 'secret', 'hush', 13)",
    "INSERT INTO goods (id, code, title, kind) VALUES (2, 'b', '', 'crate')",
    "INSERT INTO goods (id, code, title) VALUES (3, 'c', '')",
  );
  await expect.poll(() => stage.owed('right'), patience).toEqual(['goods TD3001', 'goods TD7004']);
}

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(`tandem parked with ${right}`, { left: 'postgres', right }, (servers) => {
    test('lists rows and causes, and tells what would mend one, without values unless asked', async () => {
      await using stage = await openGoods(servers);
      const { project } = stage;
      expect(await project.tandem('parked')).toMatchObject({
        exit: 0,
        out: '',
        talk: expect.stringContaining('No row'),
      });
      await withPoison(stage);
      const listed = await project.json<Listed>('parked ls');
      expect(listed).toMatchObject({ schema: 'tandem.parked/1', rows: 2 });
      expect(listed.parked.map(({ id, code }) => `${id} ${code}`).toSorted()).toEqual([
        'goods:1 TD7004',
        'goods:2 TD3001',
      ]);
      expect((await project.json<Listed>('parked ls --code td7004')).rows).toBe(1);
      expect((await project.json<Listed>('parked ls --direction toLeft')).rows).toBe(0);
      const { groups } = await project.json<{ groups: readonly { group: string; rows: number }[] }>(
        'parked ls --group',
      );
      expect(groups.map(({ group }) => group).toSorted()).toEqual(['TD3001/goods/kind', 'TD7004/goods/goods_luck']);
      for (const name of ['goods:1', 'id=1', '{"id":1}']) {
        const shown = await project.tandem(`parked show ${name}`);
        expect(shown).toMatchObject({ exit: 0, out: expect.stringContaining('goods_luck') });
        expect(shown.out).toContain('tandem parked edit goods:1');
        expect(shown.out + shown.talk).not.toMatch(/secret|hush/);
      }
      expect((await project.tandem('parked show goods:1 --values')).out).toMatch(/"secret"[^]*absent/);
      expect((await project.tandem('parked export')).out).not.toContain('secret');
      expect((await project.tandem('parked export --values id=1')).out).toContain('"secret"');
      expect((await project.tandem('parked export --format sql id=1')).out).toContain('WHERE id = 1;');
      expect(await project.tandem('parked show goods:9')).toMatchObject({
        exit: 1,
        talk: expect.stringContaining('TD8040'),
      });
    });

    test('edits a row at its source, which heals both sides and is audited', async () => {
      await using stage = await openGoods(servers);
      const { project, pair } = stage;
      await withPoison(stage);
      const edit = 'parked edit goods:1 --set amount=12 --reason bad-luck';
      expect(await project.tandem(edit)).toMatchObject({ exit: 6, talk: expect.stringContaining('pass --yes') });
      expect(await project.tandem(`${edit} --dry-run`)).toMatchObject({
        exit: 0,
        talk: expect.stringContaining('dry run'),
      });
      expect(await stage.owed('right')).toHaveLength(2);
      const useless = await project.tandem('parked edit goods:2 --set kind=barrel --dry-run');
      expect(useless.talk).toContain('does not mend it: TD3001');
      expect(await project.tandem('parked edit goods:1 --set amount=many -y')).toMatchObject({ exit: 64 });
      expect(await project.tandem(`${edit} -y`)).toMatchObject({ exit: 0, talk: expect.stringContaining('healed') });
      const amounts = 'SELECT amount FROM goods WHERE id = 1';
      expect((await pair.connections.left.query(amounts))[0]).toEqual({ amount: '12' });
      expect((await pair.connections.right.query(amounts))[0]).toEqual({ amount: 12 });
      const audit = `SELECT action, subject, reason, details FROM ${pair.declaration.left.stateSchema}.audit`;
      expect(await pair.connections.left.query(audit)).toEqual([
        {
          action: 'parked.edit',
          subject: 'left->right goods:1',
          reason: 'bad-luck',
          details: '{"columns":["amount"]}',
        },
      ]);
    });

    test('tries again by hand, one row, a cause, or all', async () => {
      await using stage = await openGoods(servers);
      const { project, pair } = stage;
      await withPoison(stage);
      expect(await project.tandem('parked retry -y')).toMatchObject({ exit: 64 });
      const refused = await project.tandem('parked retry goods:1 -y');
      expect(refused).toMatchObject({ exit: 2, talk: expect.stringContaining('still refused: TD7004') });
      await pair.connections.right.execute('ALTER TABLE goods DROP CONSTRAINT goods_luck');
      expect((await project.tandem('parked retry --group TD7004/goods/goods_luck -y')).talk).toContain(
        'goods:1 is healed',
      );
      expect(await project.json('parked retry --all -y')).toMatchObject({ healed: 0, parked: 1, waiting: 0 });
    });

    test('keeps what is asked until an engine runs', async () => {
      await using stage = await openGoods(servers);
      const { project, pair } = stage;
      const engine = await stage.start();
      await stage.left("INSERT INTO goods (id, code, title, amount) VALUES (1, 'a', '', 13)");
      await expect.poll(() => stage.owed('right'), patience).toEqual(['goods TD7004']);
      const parked = `UPDATE ${pair.declaration.right.stateSchema}.parked SET attempts = 15`;
      await engine.stop();
      await pair.connections.right.execute('ALTER TABLE goods DROP CONSTRAINT goods_luck');
      // So often refused, it would not be asked for again by itself while this test runs.
      await pair.connections.right.execute(`${parked}, next_retry_us = 9999999999000000`);
      const asked = await project.tandem('parked retry goods:1 -y --wait 0');
      expect(asked).toMatchObject({ exit: 2, talk: expect.stringContaining('as soon as one runs') });
      await stage.start();
      await expect.poll(() => stage.owed('right'), patience).toEqual([]);
      expect(await stage.ids('right')).toEqual([1]);
    });

    test('discards a row, shows that it differs and why, and takes it up when it changes', async () => {
      await using stage = await openGoods(servers);
      const { project } = stage;
      await withPoison(stage);
      expect((await project.tandem('parked discard goods:1 -y --reason unlucky')).exit).toBe(0);
      const listed = await project.json<Listed>('parked ls');
      expect(listed.parked.find(({ id }) => id === 'goods:1')).toMatchObject({
        state: 'discarded',
        discarded: { reason: 'unlucky', actor: expect.stringContaining('@') },
      });
      await stage.left("UPDATE goods SET title = 'still' WHERE id = 1");
      await expect
        .poll(async () => (await project.json<Listed>('parked ls --code TD7004')).parked[0]?.state, patience)
        .toBe('owed');
      await stage.left('UPDATE goods SET amount = 1 WHERE id = 1');
      await expect.poll(() => stage.owed('right'), patience).toEqual(['goods TD3001']);
    });
  });
}
