import type { CheckRequest } from '../../model/endpoint.ts';
import type { Code } from '../../model/codes.ts';
import type { Finding } from '../../model/finding.ts';
import type { TableRef } from '../../model/schema.ts';
import { STATE_TABLE_NAMES } from './state.ts';
import { type Ask, quote, quoteTable } from './connect.ts';
import { LOGS_WHOLE_ROWS } from './inspect.ts';
import { missingSteps, type NeededStep, type Provision } from './provision.ts';

export const VERSION_MIN = 150_000;
const VERSION_BEYOND = 190_000;

type Facts = Readonly<Record<(typeof FACT_NAMES)[number], string>>;

const FACTS: Readonly<Record<string, string>> = {
  user: 'current_user',
  database: 'current_database()',
  walLevel: "current_setting('wal_level')",
  walKeep: "current_setting('max_slot_wal_keep_size')",
  fsync: "current_setting('fsync')",
  encoding: "current_setting('server_encoding')",
  readOnly: "pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'",
  slotsMax: "current_setting('max_replication_slots')",
  slots: '(SELECT count(*) FROM pg_replication_slots WHERE slot_name <> $1)',
  sendersMax: "current_setting('max_wal_senders')",
  senders: `(SELECT count(*) FROM pg_stat_replication r WHERE NOT EXISTS
    (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_name = $1))`,
  // Amazon RDS gives the right by membership.
  replication: `(SELECT rolsuper OR rolreplication OR EXISTS (SELECT FROM pg_roles g
    WHERE g.rolname = 'rds_replication' AND pg_has_role(g.oid, 'MEMBER')) FROM pg_roles WHERE rolname = current_user)`,
  mayCreate: "has_database_privilege(current_database(), 'CREATE')",
};
const FACT_NAMES = [
  'user',
  'database',
  'walLevel',
  'walKeep',
  'fsync',
  'encoding',
  'readOnly',
  'slotsMax',
  'slots',
  'sendersMax',
  'senders',
  'replication',
  'mayCreate',
] as const;

/** Settings, privileges and risks of one server for one sync; every finding has the SQL that mends it. */
export async function checkServer(ask: Ask, want: Provision, request: CheckRequest, label: string): Promise<Finding[]> {
  const columns = FACT_NAMES.map((name) => FACTS[name]).join(', ');
  const { rows } = await ask(`SELECT ${columns}`, [want.name]);
  const facts = Object.fromEntries(FACT_NAMES.map((name, at) => [name, rows[0]?.[at] ?? ''])) as Facts;
  const steps = await missingSteps(ask, want);
  const findings = [
    ...serverFindings(facts, want),
    ...(request.read ? logFindings(facts) : []),
    ...(await tableFindings(ask, facts, want, request)),
    ...(request.write ? await sequenceFindings(ask, facts, request.tables) : []),
    ...(await provisionFindings(ask, facts, steps)),
  ];
  return findings.map((finding) => ({ ...finding, at: { side: label, ...finding.at } }));
}

function serverFindings(facts: Facts, want: Provision): Finding[] {
  const findings: Finding[] = [];
  if (want.version >= VERSION_BEYOND) {
    findings.push({
      code: 'TD5014',
      severity: 'warning',
      message: 'this version of PostgreSQL is newer than the ones Tandem is tested with',
      expected: 'PostgreSQL 15 to 18',
      found: String(want.version),
    });
  }
  if (facts.readOnly === 't') {
    findings.push({
      code: 'TD7008',
      severity: 'error',
      message: 'the server is a standby, or its transactions are read-only by default',
      expected: 'a primary with default_transaction_read_only = off',
      found: 'read-only',
    });
  }
  if (facts.encoding === 'SQL_ASCII') {
    findings.push({
      code: 'TD3006',
      severity: 'error',
      message: 'the database does not know what its bytes mean as characters, so no text of it can be carried',
      expected: 'a database encoding such as UTF8',
      found: facts.encoding,
    });
  }
  if (facts.fsync === 'off') {
    findings.push({
      code: 'TD5015',
      severity: 'warning',
      message: 'after a crash the server may lack changes that the other side has already received',
      expected: 'fsync = on',
      found: 'off',
      fix: 'ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();',
    });
  }
  return findings;
}

function logFindings(facts: Facts): Finding[] {
  const findings: Finding[] = [];
  const user = quote(facts.user);
  if (facts.walLevel !== 'logical') {
    const fix = 'ALTER SYSTEM SET wal_level = logical; -- then restart the server';
    findings.push(setting('TD5001', 'error', 'wal_level', 'logical', facts.walLevel, fix));
  }
  if (Number(facts.slots) >= Number(facts.slotsMax)) {
    const fix = `ALTER SYSTEM SET max_replication_slots = ${Number(facts.slots) + 5}; -- then restart the server`;
    const found = `${facts.slots} of ${facts.slotsMax} in use`;
    findings.push(setting('TD5002', 'error', 'max_replication_slots', 'a free replication slot', found, fix));
  }
  if (Number(facts.senders) >= Number(facts.sendersMax)) {
    const fix = `ALTER SYSTEM SET max_wal_senders = ${Number(facts.senders) + 5}; -- then restart the server`;
    const found = `${facts.senders} of ${facts.sendersMax} in use`;
    findings.push(setting('TD5002', 'error', 'max_wal_senders', 'a free WAL sender', found, fix));
  }
  if (facts.walKeep === '-1') {
    const fix = "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();";
    findings.push(setting('TD5011', 'warning', 'max_slot_wal_keep_size', 'a limit that the disk can hold', '-1', fix));
  }
  if (facts.replication !== 't') {
    findings.push({
      code: 'TD4003',
      severity: 'error',
      message: `the user ${facts.user} may not read the log`,
      expected: 'the attribute REPLICATION',
      found: 'none',
      fix: `ALTER ROLE ${user} REPLICATION;`,
      at: { privilege: 'REPLICATION' },
    });
  }
  return findings;
}

function setting(
  code: Code,
  severity: Finding['severity'],
  name: string,
  expected: string,
  found: string,
  fix: string,
): Finding {
  return { code, severity, message: `${name} does not fit`, expected, found, fix, at: { setting: name } };
}

/** Rights on the linked tables and on the state tables, as far as they exist. */
async function tableFindings(ask: Ask, facts: Facts, want: Provision, request: CheckRequest): Promise<Finding[]> {
  const state = STATE_TABLE_NAMES.map((table) => [want.stateSchema, table, 'state']);
  const linked = request.tables.map(({ schema, table }) => [schema, table, 'linked']);
  const { rows } = await ask(TABLE_RIGHTS, [JSON.stringify([...linked, ...state])]);
  const findings: Finding[] = [];
  const closed = new Set<string>();
  for (const [schema = '', table = '', use, full, hidden, role, ...rights] of rows) {
    const ref = { schema: schema ?? '', table: table ?? '' };
    const at = { table: `${ref.schema}.${ref.table}` };
    if (use !== 't' && !closed.has(ref.schema)) {
      closed.add(ref.schema);
      findings.push(lacking(facts, 'USAGE', `SCHEMA ${quote(ref.schema)}`, { schema: ref.schema }));
    }
    const needed = request.write || role === 'state' ? RIGHTS : RIGHTS.slice(0, 1);
    const missing = needed.filter((_, index) => rights[index] !== 't');
    if (missing.length > 0) findings.push(lacking(facts, missing.join(', '), quoteTable(ref), at));
    if (hidden === 't') findings.push(rowSecurity(facts, at));
    if (role === 'linked' && request.read && full !== 't') {
      findings.push({
        code: 'TD5003',
        severity: 'warning',
        message: `${at.table} does not log whole old rows yet`,
        expected: 'REPLICA IDENTITY FULL',
        found: 'less',
        fix: `ALTER TABLE ${quoteTable(ref)} REPLICA IDENTITY FULL;`,
        at,
      });
    }
  }
  return findings;
}

const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

const TABLE_RIGHTS = `SELECT n.nspname, c.relname, has_schema_privilege(n.oid, 'USAGE'),
    ${LOGS_WHOLE_ROWS},
    row_security_active(c.oid), asked->>2, ${RIGHTS.map((right) => `has_table_privilege(c.oid, '${right}')`).join(', ')}
  FROM jsonb_array_elements($1::jsonb) asked
  JOIN pg_namespace n ON n.nspname = asked->>0
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked->>1 AND c.relkind IN ('r', 'p')`;

function lacking(facts: Facts, rights: string, object: string, at: Readonly<Record<string, string>>): Finding {
  return {
    code: 'TD4003',
    severity: 'error',
    message: `the user ${facts.user} lacks ${rights}`,
    expected: rights,
    found: 'none',
    fix: `GRANT ${rights} ON ${object} TO ${quote(facts.user)};`,
    at: { ...at, privilege: rights },
  };
}

function rowSecurity(facts: Facts, at: { readonly table: string }): Finding {
  return {
    code: 'TD4003',
    severity: 'error',
    message: `row-level security hides rows of ${at.table} from the user ${facts.user}`,
    expected: 'a user who sees all rows',
    found: 'policies apply',
    fix: `ALTER ROLE ${quote(facts.user)} BYPASSRLS;`,
    at: { ...at, privilege: 'BYPASSRLS' },
  };
}

/** Rows with keys of the other side's making move the sequence ahead, which takes a right of its own. */
async function sequenceFindings(ask: Ask, facts: Facts, tables: readonly TableRef[]): Promise<Finding[]> {
  const { rows } = await ask(
    `SELECT DISTINCT n.nspname, c.relname, sn.nspname, s.relname FROM jsonb_array_elements($1::jsonb) asked
     JOIN pg_namespace n ON n.nspname = asked->>0
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked->>1
     JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0
       AND d.classid = 'pg_class'::regclass
     JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
     WHERE NOT (has_sequence_privilege(s.oid, 'USAGE') AND has_sequence_privilege(s.oid, 'UPDATE'))`,
    [JSON.stringify(tables.map(({ schema, table }) => [schema, table]))],
  );
  return rows.map(([schema, table, sequenceSchema, sequence]) => {
    const object = `SEQUENCE ${quoteTable({ schema: sequenceSchema ?? '', table: sequence ?? '' })}`;
    return lacking(facts, 'USAGE, UPDATE', object, { table: `${schema}.${table}` });
  });
}

/** Can this user run what `tandem apply` would run? If not, somebody else has to. */
async function provisionFindings(ask: Ask, facts: Facts, steps: readonly NeededStep[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const creating = steps.filter(({ needs }) => needs === 'create on database');
  if (creating.length > 0 && facts.mayCreate !== 't') {
    findings.push(lacking(facts, 'CREATE', `DATABASE ${quote(facts.database)}`, { database: facts.database }));
  }
  const tables = new Map<string, NeededStep[]>();
  for (const step of steps) {
    if (step.table === undefined) continue;
    const name = JSON.stringify([step.table.schema, step.table.table]);
    tables.set(name, [...(tables.get(name) ?? []), step]);
  }
  const { rows } = await ask(
    `SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner) FROM jsonb_array_elements($1::jsonb) asked
     JOIN pg_namespace n ON n.nspname = asked->>0
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked->>1
     WHERE NOT pg_has_role(c.relowner, 'USAGE')`,
    [`[${[...tables.keys()].join(',')}]`],
  );
  for (const [schema, table, owner] of rows) {
    const own = tables.get(JSON.stringify([schema, table])) ?? [];
    findings.push({
      code: 'TD4003',
      severity: 'error',
      message: `only the owner of ${schema}.${table} may prepare it`,
      expected: `${facts.user} to own it, or its owner ${owner} to run the statements`,
      found: `owner ${owner}`,
      fix: own.map(({ sql }) => `${sql};`).join('\n'),
      at: { table: `${schema}.${table}`, privilege: 'ownership' },
    });
  }
  return findings;
}
