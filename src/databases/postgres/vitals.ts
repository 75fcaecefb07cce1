import type { KeptLog, Vitals } from '../../model/vitals.ts';
import { type Ask, literal } from './connect.ts';
import { before, formatPosition, parseLsn } from './position.ts';

type KeptBySlot = Extract<KeptLog, { readonly kind: 'slot' }>;

/**
 * One statement, so that all of it is of one moment. The flushed end of the log is what a walsender may send: unlike
 * `logEnd`, nothing is written to bring the two together.
 */
export async function readVitals(ask: Ask, slot: string): Promise<Vitals> {
  const { rows } = await ask(`SELECT extract(epoch FROM clock_timestamp()) * 1000,
    (SELECT system_identifier FROM pg_control_system()),
    substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8), pg_current_wal_flush_lsn(),
    s.active, s.wal_status, pg_wal_lsn_diff(pg_current_wal_flush_lsn(), s.restart_lsn), s.safe_wal_size
    FROM (SELECT) one LEFT JOIN pg_replication_slots s ON s.slot_name = ${literal(slot)}`);
  const [clock, system, timeline, flushed, active, state, retained, safe] = rows[0] ?? [];
  return {
    clockMs: Number(clock),
    logEnd: formatPosition({
      system: system ?? '',
      timeline: Number.parseInt(timeline ?? '0', 16),
      lsn: before(parseLsn(flushed ?? '0/0')),
      rows: null,
    }),
    kept: {
      kind: 'slot',
      slot,
      active: active === 't',
      state: (state ?? 'missing') as KeptBySlot['state'],
      retainedBytes: Math.max(0, Number(retained ?? 0)),
      safeBytes: safe === null || safe === undefined ? null : Number(safe),
    },
  };
}
