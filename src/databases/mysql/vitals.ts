import type { Vitals } from '../../model/vitals.ts';
import type { Flavor } from './flavor.ts';
import { positionOf } from './position.ts';
import type { Session } from './session.ts';

/** Not every version has all of them: looked up by name, those that do not exist are absent from the answer. */
const KEEPING = ['binlog_expire_logs_seconds', 'expire_logs_days', 'max_binlog_total_size', 'binlog_space_limit'];

export async function readVitals(session: Session, flavor: Flavor): Promise<Vitals> {
  const [row] = await session.rows(`SELECT UNIX_TIMESTAMP(SYSDATE(6)) * 1000, ${flavor.logEnd}`);
  const files = await session.rows('SHOW BINARY LOGS');
  const names = KEEPING.map((name) => `'${name}'`).join(', ');
  const found = await session.rows(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
  const settings = new Map(found.map(([name, value]) => [String(name), Number(value)]));
  const seconds = settings.get('binlog_expire_logs_seconds') || (settings.get('expire_logs_days') ?? 0) * 86_400;
  const bytesMax = settings.get('max_binlog_total_size') || settings.get('binlog_space_limit') || null;
  return {
    clockMs: Number(row?.[0]),
    logEnd: positionOf(flavor.engine, String(row?.[1] ?? '')),
    kept: {
      kind: 'files',
      files: files.map(([name, bytes]) => ({ name: String(name), bytes: Number(bytes) })),
      expireMs: seconds > 0 ? seconds * 1_000 : null,
      bytesMax,
    },
  };
}
