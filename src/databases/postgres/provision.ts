import type { Step } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { TableRef } from '../../model/schema.ts';
import { type Ask, literal, quote, quoteTable } from './connect.ts';
import { TRAVELLING_TABLES } from '../../model/state.ts';
import { createStateTable, STATE_TABLE_NAMES } from './state.ts';

/** What a sync needs in a database. */
export interface Provision {
  /** Of the slot and of the publication. */
  readonly name: string;
  readonly stateSchema: string;
  readonly tables: readonly TableRef[];
  /** e.g. 150018 */
  readonly version: number;
}

/** A statement, and what it needs beyond being the owner of nothing. */
export interface NeededStep extends Step {
  readonly needs: 'create on database' | 'owner of table' | 'replication';
  readonly table?: TableRef;
}

export const CREATE_SLOT = 'SELECT pg_create_logical_replication_slot(';

interface Present {
  readonly schema: boolean;
  readonly slot: boolean;
  readonly publication: { readonly publishesAll: boolean; readonly viaRoot: boolean } | null;
  /** Tables asked for that exist, their partitions included, as JSON.stringify([schema, table]). */
  readonly tables: ReadonlyMap<string, PresentTable>;
}

interface PresentTable {
  readonly full: boolean;
  readonly published: boolean;
  readonly partitioned: boolean;
  readonly leaves: readonly { readonly ref: TableRef; readonly full: boolean }[];
}

/**
 * The statements still missing, in the order in which they must run. The slot comes last: it marks where reading
 * begins. Throws TD5017 where its name is taken.
 */
export async function missingSteps(ask: Ask, want: Provision): Promise<NeededStep[]> {
  const state = STATE_TABLE_NAMES.map((table) => ({ schema: want.stateSchema, table }));
  const present = await look(ask, want, [...state, ...want.tables]);
  const steps: NeededStep[] = [];
  const schema = quote(want.stateSchema);
  if (!present.schema) {
    const title = `create schema ${want.stateSchema}`;
    steps.push({ title, sql: `CREATE SCHEMA ${schema}`, needs: 'create on database' });
  }
  for (const name of STATE_TABLE_NAMES) {
    const ref = { schema: want.stateSchema, table: name };
    if (present.tables.has(keyOf(ref))) continue;
    const sql = createStateTable(want.stateSchema, name);
    steps.push({ title: `create table ${want.stateSchema}.${name}`, sql, needs: 'create on database' });
  }
  const checkpoint: TableRef = { schema: want.stateSchema, table: 'checkpoint' };
  for (const ref of [checkpoint, ...want.tables]) steps.push(...identitySteps(ref, present.tables.get(keyOf(ref))));
  const travelling = TRAVELLING_TABLES.map((table) => ({ schema: want.stateSchema, table }));
  steps.push(...publicationSteps(want, present, [...travelling, ...want.tables]));
  if (!present.slot) {
    // A synchronised slot lets a standby of PostgreSQL 17 or newer take over without a gap.
    const failover = want.version >= 170_000 ? ', failover => true' : '';
    const sql = `${CREATE_SLOT}${literal(want.name)}, 'pgoutput'${failover})`;
    steps.push({ title: `create replication slot ${want.name}`, sql, needs: 'replication' });
  }
  return steps;
}

/** The statements that remove what is there; the schema stays while another sync's publication still uses it. */
export async function removalSteps(ask: Ask, want: Omit<Provision, 'tables'>): Promise<Step[]> {
  const { rows } = await ask(
    `SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database()),
       EXISTS (SELECT FROM pg_publication WHERE pubname = $1),
       EXISTS (SELECT FROM pg_namespace WHERE nspname = $2),
       EXISTS (SELECT FROM pg_publication_tables WHERE schemaname = $2 AND pubname <> $1)`,
    [want.name, want.stateSchema],
  );
  const [slot, publication, schema, shared] = (rows[0] ?? []).map((cell) => cell === 't');
  const steps: Step[] = [];
  if (slot === true) {
    const sql = `SELECT pg_drop_replication_slot(${literal(want.name)})`;
    steps.push({ title: `drop replication slot ${want.name}`, sql });
  }
  if (publication === true) {
    steps.push({ title: `drop publication ${want.name}`, sql: `DROP PUBLICATION ${quote(want.name)}` });
  }
  if (schema === true && shared !== true) {
    steps.push({
      title: `drop schema ${want.stateSchema} with the state tables`,
      sql: `DROP SCHEMA ${quote(want.stateSchema)} CASCADE`,
    });
  }
  return steps;
}

function identitySteps(ref: TableRef, present: PresentTable | undefined): NeededStep[] {
  // A table that is yet to be made is one of ours.
  const relations = [{ ref, full: present?.full ?? false }, ...(present?.leaves ?? [])];
  return relations
    .filter(({ full }) => !full)
    .map(({ ref: table }) => ({
      title: `log whole old rows of ${table.schema}.${table.table}`,
      sql: `ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY FULL`,
      needs: 'owner of table',
      table,
    }));
}

const ALL_CHANGES = "publish = 'insert, update, delete, truncate'";

function publicationSteps(want: Provision, present: Present, tables: readonly TableRef[]): NeededStep[] {
  const name = quote(want.name);
  const partitioned = tables.some((ref) => present.tables.get(keyOf(ref))?.partitioned === true);
  const viaRoot = partitioned ? ', publish_via_partition_root = true' : '';
  const title = (what: string): string => `${what} publication ${want.name}`;
  if (present.publication === null) {
    const list = tables.map(quoteTable).join(', ');
    const sql = `CREATE PUBLICATION ${name} FOR TABLE ${list} WITH (${ALL_CHANGES}${viaRoot})`;
    return [{ title: title('create'), sql, needs: 'create on database' }];
  }
  const steps: NeededStep[] = [];
  if (!present.publication.publishesAll || (partitioned && !present.publication.viaRoot)) {
    const sql = `ALTER PUBLICATION ${name} SET (${ALL_CHANGES}${viaRoot})`;
    steps.push({ title: title('correct'), sql, needs: 'create on database' });
  }
  for (const table of tables) {
    if (present.tables.get(keyOf(table))?.published === true) continue;
    const sql = `ALTER PUBLICATION ${name} ADD TABLE ${quoteTable(table)}`;
    steps.push({ title: `${title('add to')}: ${table.schema}.${table.table}`, sql, needs: 'owner of table', table });
  }
  return steps;
}

async function look(ask: Ask, want: Provision, tables: readonly TableRef[]): Promise<Present> {
  const { rows: facts } = await ask(
    `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $2),
       (SELECT coalesce(database, 'a standby') FROM pg_replication_slots WHERE slot_name = $1), current_database(),
       p.pubname, p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate, p.pubviaroot
     FROM (SELECT 1) one LEFT JOIN pg_publication p ON p.pubname = $1`,
    [want.name, want.stateSchema],
  );
  const [schema, slot = null, here, publication, publishesAll, viaRoot] = facts[0] ?? [];
  if (slot !== null && slot !== here) throw slotTaken(want.name, slot);
  const { rows } = await ask(LOOK_AT_TABLES, [
    JSON.stringify(tables.map(({ schema: s, table: t }) => [s, t])),
    want.name,
  ]);
  const found = new Map<string, PresentTable>();
  for (const [namespace, table, full, kind, published, leaves] of rows) {
    found.set(keyOf({ schema: namespace ?? '', table: table ?? '' }), {
      full: full === 't',
      published: published === 't',
      partitioned: kind === 'p',
      leaves: JSON.parse(leaves ?? '[]') as PresentTable['leaves'],
    });
  }
  return {
    schema: schema === 't',
    slot: slot !== null,
    publication: publication === null ? null : { publishesAll: publishesAll === 't', viaRoot: viaRoot === 't' },
    tables: found,
  };
}

/** Slots are the whole cluster's: whoever uses the name in another database is another sync. */
function slotTaken(name: string, owner: string): TandemError {
  return new TandemError('TD5017', `the replication slot ${name} belongs to another database of the cluster`, {
    expected: 'a name of its own for each sync on one PostgreSQL cluster',
    found: `the slot of ${owner}`,
    fix: 'give this sync another name in the configuration',
    at: { slot: name },
  });
}

const LOOK_AT_TABLES = `SELECT n.nspname, c.relname, c.relreplident = 'f', c.relkind,
    EXISTS (SELECT FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
      WHERE p.pubname = $2 AND r.prrelid = c.oid),
    (SELECT json_agg(json_build_object('ref', json_build_object('schema', m.nspname, 'table', l.relname),
        'full', l.relreplident = 'f'))
      FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid AND l.relkind = 'r'
      JOIN pg_namespace m ON m.oid = l.relnamespace WHERE c.relkind = 'p' AND t.isleaf)
  FROM jsonb_array_elements($1::jsonb) asked
  JOIN pg_namespace n ON n.nspname = asked->>0
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked->>1 AND c.relkind IN ('r', 'p')`;

function keyOf({ schema, table }: TableRef): string {
  return JSON.stringify([schema, table]);
}
