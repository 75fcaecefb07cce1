import type { CheckRequest } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { Finding } from '../../model/finding.ts';
import { type TableSchema, tableName } from '../../model/schema.ts';
import type { Flavor, Version } from './flavor.ts';
import { inspectTables } from './inspect.ts';
import { quoteTable } from './literals.ts';
import {
  checkLogRights,
  checkStateRights,
  checkTableRights,
  checkTriggerRights,
  currentAccount,
} from './privileges.ts';
import type { Session } from './session.ts';
import { checkFilters, checkLog, checkVersion, checkWritable } from './settings.ts';

/** What a check asks. */
export interface Checked {
  readonly session: Session;
  readonly flavor: Flavor;
  readonly version: Version;
  readonly stateSchema: string;
}

/**
 * Everything that is wrong or risky about a server for the use it is meant for. Throws only when the connection does.
 */
export async function checkServer(server: Checked, request: CheckRequest): Promise<readonly Finding[]> {
  const { session, flavor, version, stateSchema } = server;
  const findings: Finding[] = [...checkVersion(flavor, version)];
  const account = await currentAccount(session);
  if (request.read) {
    findings.push(...(await checkLog(session, flavor)));
    findings.push(...(await checkLogRights(session, flavor, version, account)));
    findings.push(...(await unlessRefused(checkFilters(session, flavor, version))));
  }
  if (request.write) findings.push(...(await checkWritable(session)));
  const tables = await inspectTables(session, flavor, version, request.tables);
  for (const table of tables) {
    findings.push(...checkEngine(table));
    findings.push(...(await checkTableRights(session, table, request.write, account)));
  }
  findings.push(...(await checkTriggerRights(session, request.tables, account)));
  findings.push(...(await checkStateRights(session, stateSchema, account)));
  return findings;
}

/** The missing right is a finding of its own already. */
async function unlessRefused(findings: Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await findings;
  } catch (error) {
    if (error instanceof TandemError && error.code === 'TD4003') return [];
    throw error;
  }
}

function checkEngine(table: TableSchema): readonly Finding[] {
  if (table.transactional) return [];
  return [
    {
      code: 'TD5010',
      severity: 'error',
      message: `the table ${tableName(table.ref)} has a storage engine without transactions`,
      expected: 'ENGINE = InnoDB',
      fix: `ALTER TABLE ${quoteTable(table.ref)} ENGINE = InnoDB;`,
      at: { table: tableName(table.ref) },
    },
  ];
}
