import { describe, expect, it } from 'vitest';
import { STATE_TABLES, type StateTableName, TRAVELLING_TABLES } from '../../src/model/state.ts';
import type { Row, Value } from '../../src/model/value.ts';
import type { OpenBench } from './bench.ts';
import { outcome, Stage, useStage } from './stage.ts';
import { tables } from './tables.ts';

const stateNames = Object.keys(STATE_TABLES) as StateTableName[];

/** What a database must have, what it says about itself, and the state tables. */
export function setupCases(openBench: OpenBench): void {
  describe('setting up', () => {
    it('is done once, undone once, and leaves the user’s tables alone', async () => {
      await using stage = await Stage.open(openBench);
      const { bench, endpoint } = stage;
      const refs = tables.map(({ table }) => ({ schema: bench.schema, table }));
      expect(await endpoint.missing(refs)).toEqual([]);
      const removal = await endpoint.removal();
      expect(removal.length).toBeGreaterThan(0);
      for (const step of removal) await endpoint.run(step);
      expect(await endpoint.removal()).toEqual([]);
      expect(await endpoint.inspect(refs)).toHaveLength(tables.length);
      const missing = await endpoint.missing(refs);
      expect(missing.length).toBeGreaterThanOrEqual(stateNames.length);
      for (const step of missing) await endpoint.run(step);
      expect(await endpoint.missing(refs)).toEqual([]);
    });

    it('lets an interrupted set-up be finished', async () => {
      await using stage = await Stage.open(openBench);
      const { bench, endpoint } = stage;
      const refs = tables.map(({ table }) => ({ schema: bench.schema, table }));
      for (const step of await endpoint.removal()) await endpoint.run(step);
      const [first] = await endpoint.missing(refs);
      if (first !== undefined) await endpoint.run(first);
      for (const step of await endpoint.missing(refs)) await endpoint.run(step);
      expect(await endpoint.missing(refs)).toEqual([]);
    });
  });

  describe('a database', () => {
    const stage = useStage(openBench);

    it('lists the user’s tables and none of ours', async () => {
      const found = await stage().endpoint.tables();
      const names = found.filter(({ schema }) => schema === stage().bench.schema).map(({ table }) => table);
      expect(names.toSorted()).toEqual(tables.map(({ table }) => table).toSorted());
      const { schema } = stage().endpoint.state.checkpoint.ref;
      expect(found.filter((ref) => ref.schema === schema && ref.table === 'checkpoint')).toEqual([]);
    });

    it('describes tables in the order asked and leaves out what is not there', async () => {
      const { bench, endpoint } = stage();
      const refs = ['pair', 'nowhere', 'child', 'item'].map((table) => ({ schema: bench.schema, table }));
      const schemas = await endpoint.inspect(refs);
      expect(schemas.map(({ ref }) => ref.table)).toEqual(['pair', 'child', 'item']);
      expect(schemas[0]?.key).toEqual(['a', 'b']);
      expect(schemas[1]?.foreignKeys).toMatchObject([
        { columns: ['parent_id'], references: { table: 'parent' }, referencedColumns: ['id'] },
      ]);
      expect(stage().schema('counted')).toMatchObject({
        key: ['id'],
        uniques: [{ columns: ['name'] }],
        fullImages: true,
        transactional: true,
      });
      const [id, name, note, , label] = stage().schema('item').columns;
      expect(id).toMatchObject({ name: 'id', kind: 'int', nullable: false, auto: false });
      expect(name).toMatchObject({ name: 'name', kind: 'text', length: 40, hasDefault: false });
      expect(note).toMatchObject({ name: 'note', kind: 'text', length: null, nullable: true });
      expect(label).toMatchObject({ name: 'label', hasDefault: true });
      expect(stage().schema('counted').columns[0]).toMatchObject({ auto: true, hasDefault: true });
    });

    it.each(tables.find(({ table }) => table === 'typed')?.columns ?? [])('knows a column of $kind', (column) => {
      const found = stage()
        .schema('typed')
        .columns.find(({ name }) => name === column.name);
      expect(found?.kind).toBe(column.kind);
      if (column.precision !== undefined) expect(found).toMatchObject({ precision: 12, scale: 4 });
      if (column.fraction !== undefined) expect(found?.fraction).toBe(column.fraction);
      if (column.length !== undefined && column.length !== null) expect(found?.length).toBe(column.length);
    });

    it('is fit to be read and written once it is set up', async () => {
      const request = { tables: tables.map(({ table }) => stage().schema(table).ref), read: true, write: true };
      const findings = await stage().endpoint.check(request);
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    });

    it('can be checked for a table that is not there', async () => {
      const nowhere = { schema: stage().bench.schema, table: 'nowhere' };
      const findings = stage().endpoint.check({ tables: [nowhere], read: true, write: true });
      expect(await outcome(findings)).toBe('done');
    });

    it('keeps its identity, and shares it with nobody', async () => {
      await using again = await stage().bench.open();
      expect(again.facts).toEqual(stage().endpoint.facts);
      expect(again.facts.engine).toBe(stage().bench.engine);
      expect(again.facts.identity).not.toBe('');
    });
  });

  describe('a state table', () => {
    const stage = useStage(openBench);

    it.each(stateNames)('%s carries its rows as any other table', async (name) => {
      const shape = stage().endpoint.state[name];
      expect(shape.columns.map((column) => column.name)).toEqual(
        STATE_TABLES[name].columns.map((column) => column.name),
      );
      const row = (nth: number): Row =>
        STATE_TABLES[name].columns.map((column): Value => {
          if (column.kind === 'bigint') return 9_007_199_254_740_993n + BigInt(nth);
          if (column.length === null) return column.nullable && nth === 1 ? null : `lang 🙂 '"\\ ${'x'.repeat(70_000)}`;
          return `🙂${nth} ${'ü'.repeat(column.length - 4)}`;
        });
      const route = await stage().route();
      const from = await stage().endpoint.logEnd();
      const rows = [row(1), row(2)];
      const keys = rows.map((each) => shape.key.map((at) => each[at]));
      await route.write((to) => to.write({ op: 'insert', shape, rows, generated: false }));
      expect(await route.write((to) => to.lock(shape, keys))).toEqual(rows);
      expect(await route.write((to) => to.find(shape, shape.key, keys.slice(1)))).toEqual([rows[1]]);
      expect((await route.write((to) => to.write({ op: 'delete', shape, keys }))).missing).toEqual([]);
      // What no reader needs may stay out of a publication.
      if (!TRAVELLING_TABLES.includes(name)) return;
      const changes = (await stage().read(from, [name])).flatMap((transaction) => transaction.changes);
      const own = changes.filter(({ op }) => op !== 'update');
      expect(own.map(({ op }) => op)).toEqual(['insert', 'insert', 'delete', 'delete']);
      const order = shape.columns.map((column) => own[0]?.table.columns.indexOf(column.name) ?? -1);
      expect(own.slice(0, 2).map(({ after }) => order.map((at) => after?.[at]))).toEqual(rows);
    });
  });
}
