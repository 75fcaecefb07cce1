import { otherSide, type Side } from '../../src/model/policy.ts';
import { type Ending, textOf } from './family.ts';

const SIDES: readonly Side[] = ['left', 'right'];

/**
 * What each side shows of the other's ledger is a prefix of the other's transactions, whole ones in the order of its
 * log, and never gets shorter. Known from the logs themselves, as they are written.
 */
export class Prefixes {
  readonly #databases: Ending['databases'];
  /** Marks that applications wrote, transaction by transaction. */
  readonly #written: Record<Side, string[][]> = { left: [], right: [] };
  /** How many transactions the other side has shown. */
  readonly #shown: Record<Side, number> = { left: 0, right: 0 };

  /** The databases must not be written yet. */
  constructor(databases: Ending['databases']) {
    this.#databases = databases;
    for (const side of SIDES) {
      databases[side].watchLog((changes) => {
        if (changes.some(({ table }) => table.ref.table === 'checkpoint')) return;
        const entries = changes.filter(({ table }) => table.ref.table === 'entries');
        const marks = entries.map(({ table, after }) => textOf(after?.[table.columns.indexOf('mark')]));
        if (marks.length > 0) this.#written[side].push(marks);
      });
    }
  }

  /** What is wrong now. */
  check(): string[] {
    return SIDES.flatMap((side) => this.#checkOne(side));
  }

  #checkOne(side: Side): string[] {
    const marks = this.#written[side];
    const other = otherSide(side);
    const rows = new Set(this.#databases[other].rows('entries').map((row) => textOf(row['mark'])));
    const isWhole = marks.map((own) => own.every((mark) => rows.has(mark)));
    const first = isWhole.indexOf(false);
    const shown = first < 0 ? marks.length : first;
    const wrong: string[] = [];
    if (shown < this.#shown[side]) wrong.push(`the ${other} side shows less of the ${side} ledger than before`);
    this.#shown[side] = shown;
    if (marks.slice(shown).some((own) => own.some((mark) => rows.has(mark)))) {
      wrong.push(`what the ${other} side shows of the ${side} ledger is no prefix of it`);
    }
    return wrong;
  }
}
