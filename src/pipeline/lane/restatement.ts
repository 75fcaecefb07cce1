import type { Position } from '../../model/change.ts';
import type { Row } from '../../model/value.ts';

/** A decision, or a request to look at a row again, on its way through this database's log. */
export interface Restatement {
  readonly id: string;
  readonly lane: string;
  readonly link: string;
  readonly purpose: 'reassert' | 'refresh' | 'recall';
  readonly key: Row;
  readonly image: Row | null;
  /**
   * Which writes the image holds: positions, or null where none of that side's; `before`: whatever stood there before,
   * as the log says. Null: that alone.
   */
  readonly provenance: { readonly home: Position | 'before' | null; readonly remote: Position | null } | null;
  readonly effectiveUs: number;
}
