import type { WriteRun } from '../model/endpoint.ts';
import type { TableShape } from '../model/plan.ts';
import type { Value } from '../model/value.ts';

/** Something that was done to a sync by hand. */
export interface Act {
  readonly id: string;
  readonly atUs: number;
  /** user@host */
  readonly actor: string;
  /** e.g. `parked.edit` */
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  /** Never a row's values. */
  readonly details: object;
}

/** The act as a row of the audit table, to be written in the transaction that does it. */
export function auditRun(shape: TableShape, act: Act): WriteRun {
  const values: Readonly<Record<string, Value>> = {
    id: act.id,
    at_us: BigInt(act.atUs),
    actor: act.actor.slice(0, 190),
    action: act.action,
    subject: act.subject,
    reason: act.reason,
    details: JSON.stringify(act.details),
  };
  const row = shape.columns.map(({ name }) => values[name] ?? null);
  return { op: 'insert', shape, rows: [row], generated: false };
}
