import { beforeEach, describe, expect, it } from 'vitest';
import type { Position, Transaction } from '../../model/change.ts';
import type { Context } from '../../model/context.ts';
import type { Checkpoint, CheckpointMove, Endpoint, EndpointOptions } from '../../model/endpoint.ts';
import { asTandemError } from '../../model/error.ts';
import type { TableShape } from '../../model/plan.ts';
import type { TableDefinition } from './definition.ts';
import { createMemoryDatabase, type MemoryDatabase } from './server.ts';
import type { Fault, MemoryOptions } from './store.ts';

const users: TableDefinition = {
  table: 'users',
  columns: [
    { name: 'id', kind: 'int', auto: true },
    { name: 'email', kind: 'text', length: 20, collation: 'nocase' },
    { name: 'boss', kind: 'int', nullable: true },
  ],
  key: ['id'],
  uniques: [['email']],
  foreignKeys: [{ columns: ['boss'], references: 'users', onDelete: 'set null' }],
};
const orders: TableDefinition = {
  table: 'orders',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'user_id', kind: 'int' },
  ],
  key: ['id'],
  foreignKeys: [{ columns: ['user_id'], references: 'users', onDelete: 'cascade', onUpdate: 'cascade' }],
};
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const context: Context = {
  nowMs: () => 0,
  random: () => 0,
  sleep: () => Promise.resolve(),
  log: silent,
  spillFolder: '',
};
const engine: EndpointOptions = { url: 'memory:m', label: 'engine', side: 'left', sync: 's', stateSchema: 'tandem' };

let database: MemoryDatabase;
function make(options: Partial<MemoryOptions> = {}): void {
  database = createMemoryDatabase({ name: 'm', ...options });
  database.createTable(users);
  database.createTable(orders);
}
beforeEach(() => make());

async function open(): Promise<Endpoint> {
  const endpoint = await database.open(engine, context);
  for (const step of await endpoint.missing([])) await endpoint.run(step);
  return endpoint;
}

async function shapeOf(endpoint: Endpoint, table: string): Promise<TableShape> {
  const [schema] = await endpoint.inspect([{ schema: 'public', table }]);
  const columns = schema?.columns ?? [];
  const key = (schema?.key ?? []).map((name) => columns.findIndex((column) => column.name === name));
  return { ref: { schema: 'public', table }, columns, key };
}

const moveTo = (position: string): CheckpointMove => ({
  position: position as Position,
  floor: null,
  known: null,
  effectiveUs: 0,
});

async function takeOver(endpoint: Endpoint): Promise<Checkpoint> {
  const target = await endpoint.target();
  await target.seed('r', 'main', moveTo('m:x:0'));
  return target.takeOver('r', 'main');
}

/** All transactions up to the present end of the log. */
async function readAll(endpoint: Endpoint, from: Position, tables: readonly string[]): Promise<Transaction[]> {
  const schemas = await endpoint.inspect(tables.map((table) => ({ schema: 'public', table })));
  const source = endpoint.source({ tables: schemas, chunkRows: 2 });
  const end = await endpoint.logEnd();
  const stop = new AbortController();
  const found: Transaction[] = [];
  for await (const transaction of source.read(from, stop.signal)) {
    found.push(transaction);
    if (endpoint.positions.covers(transaction.position, end)) stop.abort();
  }
  return found;
}

const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => asTandemError(error).code,
  );

describe('constraints', () => {
  it.each([
    ['a duplicate by the column’s own idea of equal', 'TD7001', { email: 'A@x' }],
    ['a missing parent', 'TD7002', { email: 'b@x', boss: 9 }],
    ['a NULL', 'TD7003', { email: null }],
    ['a text too long', 'TD3007', { email: 'x'.repeat(21) }],
    ['a number out of range', 'TD3003', { id: 2 ** 31, email: 'b@x' }],
    ['a value of another kind', 'TD7012', { id: 1n, email: 'b@x' }],
    ['an unknown column', 'TD7005', { mail: 'b@x' }],
  ])('refuse %s', async (_, code, row) => {
    await database.transact((app) => app.insert('users', { email: 'a@x' }));
    expect(await outcome(database.transact((app) => app.insert('users', row)))).toBe(code);
    expect(database.rows('users')).toHaveLength(1);
    expect(database.logged()).toBe(1);
  });

  it('let a unique value go over to another row once it is given up', async () => {
    await database.transact(async (app) => {
      await app.insert('users', { email: 'a@x' });
      await app.update('users', { id: 1 }, { email: 'b@x' });
      await app.insert('users', { email: 'a@x' });
    });
    expect(database.rows('users', { email: 'a@x' })).toMatchObject([{ id: 2 }]);
  });

  it('carry out referential actions and log them, or not', async () => {
    for (const logsCascades of [true, false]) {
      make({ logsCascades });
      await database.transact(async (app) => {
        await app.insert('users', { email: 'a@x' });
        await app.insert('users', { email: 'b@x', boss: 1 });
        await app.insert('orders', { id: 1, user_id: 1 });
      });
      const endpoint = await open();
      const from = await endpoint.logEnd();
      await database.transact((app) => app.delete('users', { id: 1 }));
      expect(database.rows('orders')).toEqual([]);
      expect(database.rows('users')).toEqual([{ id: 2, email: 'b@x', boss: null }]);
      const changes = (await readAll(endpoint, from, ['users', 'orders'])).flatMap((part) => part.changes);
      expect(changes.map(({ op, table }) => `${op} ${table.ref.table}`)).toEqual(
        logsCascades ? ['delete users', 'update users', 'delete orders'] : ['delete users'],
      );
    }
  });

  it('move children along with a key', async () => {
    await database.transact(async (app) => {
      await app.insert('users', { email: 'a@x' });
      await app.insert('orders', { id: 1, user_id: 1 });
      await app.update('users', { id: 1 }, { id: 5 });
    });
    expect(database.rows('orders')).toEqual([{ id: 1, user_id: 5 }]);
  });

  it('keep out a child whose parent is being deleted', async () => {
    await database.transact((app) => app.insert('users', { email: 'a@x' }));
    const parent = database.begin();
    await parent.delete('users', { id: 1 });
    const child = outcome(database.transact((app) => app.insert('orders', { id: 1, user_id: 1 })));
    await parent.commit();
    expect(await child).toBe('TD7002');
  });

  it('wait for whoever is about to take or give up a unique value', async () => {
    const first = database.begin();
    await first.insert('users', { email: 'a@x' });
    const second = outcome(database.transact((app) => app.insert('users', { email: 'a@x' })));
    await first.rollback();
    expect(await second).toBe('done');
    // The counter is not taken back by a rollback.
    expect(database.rows('users')).toMatchObject([{ id: 2 }]);
  });
});

describe('transactions', () => {
  beforeEach(() =>
    database.transact(async (app) => {
      await app.insert('users', { email: 'a@x' });
      await app.insert('users', { email: 'b@x' });
    }),
  );

  it('see what is committed and what they wrote themselves', async () => {
    const writer = database.begin();
    await writer.update('users', { id: 1 }, { email: 'c@x' });
    expect(await writer.get('users', { id: 1 })).toMatchObject({ email: 'c@x' });
    const reader = database.begin();
    expect(await reader.get('users', { id: 1 })).toMatchObject({ email: 'a@x' });
    await writer.commit();
    expect(await reader.get('users', { id: 1 })).toMatchObject({ email: 'c@x' });
  });

  it('wait for a row and then act on its latest state', async () => {
    const first = database.begin();
    await first.update('users', { id: 1 }, { email: 'c@x' });
    const second = database.begin();
    const locked = second.lock('users', { id: 1 });
    await first.commit();
    expect(await locked).toMatchObject({ email: 'c@x' });
  });

  it('are broken out of a circle of waiting', async () => {
    const first = database.begin();
    const second = database.begin();
    await first.update('users', { id: 1 }, { boss: null });
    await second.update('users', { id: 2 }, { boss: null });
    const waiting = first.update('users', { id: 2 }, { email: 'c@x' });
    expect(await outcome(second.update('users', { id: 1 }, { email: 'd@x' }))).toBe('TD7006');
    await second.rollback();
    expect(await waiting).toBe(true);
    await first.commit();
    expect(database.rows('users', { id: 2 })).toMatchObject([{ email: 'c@x' }]);
  });

  it('cannot be committed after an error', async () => {
    const failed = database.begin();
    await failed.update('users', { id: 1 }, { email: 'c@x' });
    expect(await outcome(failed.insert('users', { email: 'b@x' }))).toBe('TD7001');
    expect(await outcome(failed.commit())).toBe('TD7010');
    expect(database.rows('users', { id: 1 })).toMatchObject([{ email: 'a@x' }]);
  });

  it('run triggers that alter the row, write others and know the engine', async () => {
    const seen: boolean[] = [];
    database.createTable({
      table: 'notes',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'text', kind: 'text' },
      ],
      key: ['id'],
      triggers: [
        {
          name: 'shout',
          on: ['insert'],
          guarded: true,
          async run(event) {
            seen.push(event.engine);
            if (event.engine || event.after === null) return;
            event.after['text'] = String(event.after['text']).toUpperCase();
            await event.update('users', { id: 1 }, { email: 'noted' });
          },
        },
      ],
    });
    await database.transact((app) => app.insert('notes', { id: 1, text: 'hush' }));
    expect(database.rows('notes')).toEqual([{ id: 1, text: 'HUSH' }]);
    expect(database.rows('users', { id: 1 })).toMatchObject([{ email: 'noted' }]);
    const endpoint = await open();
    const target = await endpoint.target();
    const transaction = await target.begin(await takeOver(endpoint), moveTo('m:x:1'));
    const shape = await shapeOf(endpoint, 'notes');
    await transaction.write({ op: 'insert', shape, rows: [[2, 'hush']], generated: false });
    await transaction.commit();
    expect(seen).toEqual([false, true]);
  });
});

describe('faults', () => {
  let fault: Fault | null;
  let at: string;
  beforeEach(() => {
    fault = null;
    at = '';
    make({ fault: (operation) => (operation === at ? fault : null) });
  });

  it.each([
    ['before', 0],
    ['after', 1],
    ['lost', 1],
  ] as const)('leave a commit open: %s', async (kind, rows) => {
    const endpoint = await open();
    const target = await endpoint.target();
    const held = await takeOver(endpoint);
    const transaction = await target.begin(held, moveTo('m:x:1'));
    const shape = await shapeOf(endpoint, 'users');
    await transaction.write({ op: 'insert', shape, rows: [[1, 'a@x', null]], generated: false });
    [fault, at] = [kind, 'commit'];
    expect(await outcome(transaction.commit())).toBe('TD7010');
    await transaction.rollback();
    at = '';
    // Taking over waits for the transaction that may still be under way, so its outcome is decided afterwards.
    const taken = await target.takeOver('r', 'main');
    expect(taken.seq).toBe(held.seq + 1 + rows);
    expect(database.rows('users')).toHaveLength(rows);
  });

  it('roll back what a crashed process left open, and keep it out for ever', async () => {
    const endpoint = await open();
    const target = await endpoint.target();
    const transaction = await target.begin(await takeOver(endpoint), moveTo('m:x:1'));
    database.crash(endpoint);
    expect(await outcome(transaction.commit())).toBe('TD7010');
    expect(await outcome(target.takeOver('r', 'main'))).toBe('TD4001');
    expect((await takeOver(await open())).position).toBe('m:x:0');
  });

  it('end a reader whose connection is cut, while others go on', async () => {
    const endpoint = await open();
    const [schema] = await endpoint.inspect([{ schema: 'public', table: 'users' }]);
    const source = endpoint.source({ tables: schema === undefined ? [] : [schema], chunkRows: 10 });
    const reading = source.read(await endpoint.logEnd(), new AbortController().signal)[Symbol.asyncIterator]();
    const next = outcome(reading.next());
    database.cut(endpoint);
    expect(await next).toBe('TD4005');
    expect(await outcome(endpoint.logEnd())).toBe('done');
  });
});

describe('the log', () => {
  const fill = (count: number) =>
    database.transact(async (app) => {
      for (let at = 0; at < count; at++) await app.insert('users', { email: `${database.logged()}-${at}` });
    });

  it('is refused to a position of another history, of the future, or of the purged past', async () => {
    const endpoint = await open();
    await fill(1);
    const first = await endpoint.logEnd();
    await fill(1);
    const backup = database.backup();
    await fill(1);
    const last = await endpoint.logEnd();
    database.restore(backup);
    expect(database.rows('users')).toHaveLength(2);
    expect(await outcome(endpoint.verifyPosition(last))).toBe('TD6004');
    await fill(5);
    expect(await outcome(endpoint.verifyPosition(last))).toBe('TD6004');
    expect(await outcome(endpoint.verifyPosition(first))).toBe('done');
    database.purgeLog(2);
    expect(await outcome(endpoint.verifyPosition(first))).toBe('TD6002');
    database.resetLog();
    expect(await outcome(endpoint.verifyPosition(first))).toBe('TD6005');
  });

  it('is dropped behind the slots, never ahead of one', async () => {
    make({ slots: true });
    const endpoint = await open();
    await fill(1);
    const first = await endpoint.logEnd();
    await fill(1);
    const source = endpoint.source({ tables: [], chunkRows: 1 });
    expect(await outcome(endpoint.verifyPosition(first))).toBe('done');
    source.ack(await endpoint.logEnd());
    expect(await outcome(endpoint.verifyPosition(first))).toBe('TD6002');
    database.dropSlot('s');
    expect(await outcome(endpoint.verifyPosition(await endpoint.logEnd()))).toBe('TD6001');
  });

  it('shows an entry to a reader only after a step of its own', async () => {
    const steps: string[] = [];
    make({
      tailSteps: 2,
      yieldPoint: async (name) => {
        steps.push(name);
      },
    });
    const endpoint = await open();
    const from = await endpoint.logEnd();
    await fill(1);
    steps.length = 0;
    await readAll(endpoint, from, ['users']);
    expect(steps.filter((name) => name === 'm.engine.read')).toHaveLength(2);
  });

  it('keeps the columns of its time', async () => {
    const endpoint = await open();
    const notes = { table: 'notes', columns: [{ name: 'id', kind: 'int' as const }], key: ['id'] };
    database.createTable(notes);
    const from = await endpoint.logEnd();
    await database.transact((app) => app.insert('notes', { id: 1 }));
    database.alterTable({ ...notes, columns: [...notes.columns, { name: 'text', kind: 'text', default: '' }] });
    await database.transact((app) => app.update('notes', { id: 1 }, { text: 'x' }));
    const changes = (await readAll(endpoint, from, ['notes'])).flatMap((part) => part.changes);
    expect(changes.map((change) => change.table.columns)).toEqual([['id'], ['id', 'text']]);
    expect(changes[1]).toMatchObject({ before: [1, ''], after: [1, 'x'] });
  });
});
