import type { Position, Positions } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import type { Flavor } from './flavor.ts';
import { domainGtidText, parseDomainGtid, parseSourceGtid, sourceGtidText } from './gtid-set.ts';
import {
  formatPosition,
  formatWitness,
  mariadbPositions,
  mysqlPositions,
  parsePosition,
  positionOf,
  transactionsBetween,
} from './position.ts';
import type { Session } from './session.ts';
import { commitTimeOf, type LogAccess } from './witness.ts';

export function positionsOf(flavor: Flavor): Positions {
  return flavor.engine === 'mysql' ? mysqlPositions : mariadbPositions;
}

/** The set of all transactions that the log has so far. */
export async function logEnd(session: Session, flavor: Flavor): Promise<Position> {
  const [row] = await session.rows(`SELECT ${flavor.logEnd}`);
  return positionOf(flavor.engine, String(row?.[0] ?? ''));
}

/** How many transactions of the log are not in `position`. */
export async function transactionsBehind(session: Session, flavor: Flavor, position: Position): Promise<number> {
  return transactionsBetween(flavor.engine, position, await logEnd(session, flavor));
}

/**
 * Can the log be read on from `position`? It must hold everything that is in the position (else a failover or a restore
 * took the server back), whatever it no longer holds must be in the position, and it must be the same log: a reset
 * gives out the same names again.
 */
export async function verifyHistory(session: Session, access: LogAccess, position: Position): Promise<void> {
  const { flavor } = access;
  const end = await logEnd(session, flavor);
  if (!positionsOf(flavor).covers(end, position)) throw rewound(flavor, position, end);
  const purged = flavor.engine === 'mysql' ? await purgedByMysql(session) : await purgedByMariadb(session);
  if (!positionsOf(flavor).covers(position, purged)) {
    throw new TandemError('TD6002', 'the binary log no longer holds the changes after the checkpoint', {
      expected: `everything after ${position}`,
      found: `removed up to ${purged}`,
      fix: 'Keep the binary log longer (binlog_expire_logs_seconds), then load the tables again.',
    });
  }
  await verifyWitness(access, position, purged);
}

/**
 * A log that begins right behind the position no longer holds the witness: then the names of the transactions are all
 * there is to go by.
 */
async function verifyWitness(access: LogAccess, position: Position, purged: Position): Promise<void> {
  const { flavor } = access;
  const parsed = parsePosition<Flavor['engine']>(flavor.engine, position);
  const { witness } = parsed;
  if (witness === null || includes(flavor, purged, witness.gtid)) return;
  const found = await commitTimeOf(access, parsed, witness);
  if (found === witness.committedAtUs) return;
  throw new TandemError('TD6005', 'the binary log was begun anew since the checkpoint', {
    expected: `${witness.gtid} of ${timeText(witness.committedAtUs)}`,
    found: found === null ? 'no such transaction' : `${witness.gtid} of ${timeText(found)}`,
    at: { position },
  });
}

/** The end of the log with the last transaction that this server wrote itself, where the log still shows it. */
export async function witnessedEnd(session: Session, access: LogAccess): Promise<Position> {
  const { flavor } = access;
  const end = await logEnd(session, flavor);
  const parsed = parsePosition<Flavor['engine']>(flavor.engine, end);
  const [row] = await session.rows(flavor.engine === 'mysql' ? 'SELECT @@server_uuid' : 'SELECT @@gtid_domain_id');
  const last = parsed.state.newest(String(row?.[0]));
  if (last === null || last.number === 1) return end;
  const isMysql = flavor.engine === 'mysql';
  const gtid = isMysql ? sourceGtidText(last) : domainGtidText(last);
  // Nearly always the same server wrote the one before; where not, the server refuses, and there is no witness yet.
  const before = isMysql ? '' : domainGtidText({ ...last, number: last.number - 1 });
  const committedAtUs = await commitTimeOf(access, parsed, { gtid, before });
  if (committedAtUs === null) return end;
  return formatPosition(parsed.state, null, formatWitness({ gtid, before, committedAtUs }));
}

function includes(flavor: Flavor, position: Position, gtid: string): boolean {
  const { state } = parsePosition<Flavor['engine']>(flavor.engine, position);
  return state.includes(flavor.engine === 'mysql' ? parseSourceGtid(gtid) : parseDomainGtid(gtid));
}

function timeText(us: number): string {
  return new Date(us / 1_000).toISOString();
}

function rewound(flavor: Flavor, position: Position, end: Position): TandemError {
  const found = { expected: `a log that contains ${position}`, found: `a log that ends at ${end}` };
  const shared = sourcesOf(flavor, position).some((source) => sourcesOf(flavor, end).includes(source));
  if (!shared) return new TandemError('TD6005', 'the checkpoint belongs to another server', found);
  return new TandemError('TD6004', 'the server lacks transactions that were already applied', found);
}

/** The uuids (MySQL) or domains (MariaDB) of a position. */
function sourcesOf(flavor: Flavor, position: Position): readonly string[] {
  const text = parsePosition(flavor.engine, position).state.format();
  const separator = flavor.engine === 'mysql' ? ':' : '-';
  return text.split(',').map((part) => part.slice(0, part.indexOf(separator)));
}

async function purgedByMysql(session: Session): Promise<Position> {
  const [row] = await session.rows('SELECT @@GLOBAL.gtid_purged');
  return positionOf('mysql', String(row?.[0] ?? ''));
}

/** MariaDB keeps no such set, but the oldest file of its log begins with the position that it goes on from. */
async function purgedByMariadb(session: Session): Promise<Position> {
  const [oldest] = await session.rows('SHOW BINARY LOGS');
  if (oldest === undefined) return positionOf('mariadb', '');
  const events = await session.rows(`SHOW BINLOG EVENTS IN '${String(oldest[0])}' LIMIT 4`);
  const list = events.find((event) => event[2] === 'Gtid_list');
  const text = String(list?.[5] ?? '').replaceAll(/[[\]\s]/g, '');
  return positionOf('mariadb', lastOfDomains(text));
}

/** A Gtid_list names the last transaction of every server in a domain; the highest number of a domain comes last. */
function lastOfDomains(text: string): string {
  const last = new Map<string, { readonly gtid: string; readonly number: number }>();
  for (const gtid of text.split(',')) {
    const [domain = '', , number = ''] = gtid.split('-');
    if (gtid !== '' && Number(number) >= (last.get(domain)?.number ?? 0))
      last.set(domain, { gtid, number: Number(number) });
  }
  return [...last.values()].map((each) => each.gtid).join(',');
}
