import { effectiveTime } from '../../arbiter/rules.ts';
import type { CapturedTable, Change, Position, Positions, Transaction } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import { otherSide, type Side } from '../../model/policy.ts';
import { tableName } from '../../model/schema.ts';
import type { StateTableName } from '../../model/state.ts';
import { STATE_TABLES } from '../../model/state.ts';
import type { Row } from '../../model/value.ts';
import { noteVanished, type Lane } from '../lane/lane.ts';
import { keyOf, imageHash, type LinkedChange, type Unread } from '../lane/linked.ts';
import { readMarker, stateRow, type Marker } from '../lane/marker.ts';
import { changesKey, projectChange, projectionsOf, type Misfit, type Projection } from '../lane/project.ts';
import { Timeline } from '../lane/timeline.ts';
import { itemOf, type Recognised } from './recognised.ts';
import type { OwnTransaction, Written } from './own.ts';
import { noteWritten, recogniseOwn } from './recognise-own.ts';

type TableRole =
  | { readonly kind: 'linked'; readonly uses: readonly Use[] }
  | { readonly kind: 'state'; readonly name: StateTableName }
  | { readonly kind: 'none' };

const LEFT_THERE = { gone: false };
const LEFT_ABSENT = { gone: true };

interface Use {
  readonly lane: Lane;
  readonly reading: Projection | Misfit;
}

/** A lane's share of one transaction in the making. */
interface Share {
  readonly changes: LinkedChange[];
  readonly unread: Unread[];
}

/**
 * Reads one side's log and tells whose each transaction is: an application's, to be sent on with its exact version
 * vector, or our own, to be checked and dropped. Fills this side's windows on the way (correctness 1.1, 1.2, 2.2).
 */
export class Recogniser {
  readonly side: Side;
  readonly timeline: Timeline;
  readonly #lanes: readonly Lane[];
  readonly #stateSchema: string;
  readonly #roles = new WeakMap<CapturedTable, TableRole>();
  #effectiveUs = 0;
  readonly #positions: Positions;
  /** Where the other side's checkpoints stand, and the hybrid time that the log had reached there. */
  #reached: { readonly position: Position; readonly effectiveUs: number }[] = [];
  #current: { readonly marker: Marker; readonly lane: Lane } | null = null;

  readonly #counterpart: OwnTransaction['counterpart'];

  /** `counterpart`: see {@link OwnTransaction}; of rows of this side. */
  constructor(
    side: Side,
    lanes: readonly Lane[],
    positions: Positions,
    stateSchema: string,
    counterpart: OwnTransaction['counterpart'],
  ) {
    this.#counterpart = counterpart;
    this.side = side;
    this.timeline = new Timeline(positions);
    this.#positions = positions;
    this.#lanes = lanes;
    this.#stateSchema = stateSchema;
  }

  /**
   * After a restart: times go on from where a checkpoint left them. Otherwise a change could be given a time before
   * that of one which it follows, because what made the time run ahead lies before the place where the reader begins.
   */
  resumeFrom(position: Position, effectiveUs: number): void {
    this.#reached.push({ position, effectiveUs });
  }

  #resume(position: Position): void {
    this.#reached = this.#reached.filter((reached) => {
      if (this.#positions.covers(reached.position, position)) return true;
      this.#effectiveUs = Math.max(this.#effectiveUs, reached.effectiveUs);
      return false;
    });
  }

  /** Throws TD6007 MARKER_FOREIGN where somebody else wrote the checkpoint table. */
  take(transaction: Transaction, opposite: Timeline): Recognised {
    const ordinal = this.timeline.append(transaction.position);
    if (this.#reached.length > 0) this.#resume(transaction.position);
    const out: Recognised = {
      items: [],
      tasks: [],
      pairs: [],
      controls: [],
      parked: [],
      failures: [],
      bookkeeping: true,
      dropped: 0,
      passed: { unchanged: 0, filtered: 0, unmapped: 0 },
      sideEffects: 0,
    };
    if (transaction.part === 0) this.#current = this.#marked(transaction);
    const own = this.#current;
    if (own !== null) this.#takeOwn(own, transaction, ordinal, opposite, out);
    else this.#takeForeign(transaction, ordinal, out);
    if (transaction.last) this.#current = null;
    return out;
  }

  /** Our transactions begin with an update of their checkpoint row; nobody else's touches it. */
  #marked(transaction: Transaction): { marker: Marker; lane: Lane } | null {
    const { changes } = transaction;
    const isMarker = (change: Change): boolean => change.op === 'update' && this.#isState(change, 'checkpoint');
    if (changes.findLastIndex(isMarker) > 0)
      throw this.#foreign(transaction, 'a checkpoint row changed in the middle of a transaction');
    const [first] = changes;
    if (first === undefined || first.op !== 'update' || !isMarker(first)) return null;
    const marker = readMarker(first);
    const lane = this.#lanes.find((candidate) => candidate.plan.id === marker.lane);
    if (lane === undefined || marker.stream !== `${otherSide(this.side)}->${this.side}`) return null;
    const state = lane.sides[this.side];
    if (marker.seq !== marker.seqBefore + 1 || (state.chain !== null && marker.seqBefore !== state.chain)) {
      throw this.#foreign(transaction, `expected seq ${(state.chain ?? marker.seqBefore) + 1}, found ${marker.seq}`);
    }
    state.chain = marker.seq;
    return { marker, lane };
  }

  #foreign(transaction: Transaction, found: string): TandemError {
    return new TandemError('TD6007', `somebody else wrote ${this.#stateSchema}.checkpoint on the ${this.side} side`, {
      expected: 'only Tandem writes its state tables',
      found,
      fix: 'Take back write rights on the state tables from everybody else, then let the sync verify both sides.',
      at: { side: this.side, transaction: transaction.id },
    });
  }

  #takeOwn(
    own: { readonly marker: Marker; readonly lane: Lane },
    transaction: Transaction,
    ordinal: number,
    opposite: Timeline,
    out: Recognised,
  ): void {
    const { marker, lane } = own;
    const state = lane.sides[this.side];
    state.seen = marker.position;
    this.#effectiveUs = effectiveTime(this.#effectiveUs, marker.effectiveUs - 1);
    const written = new Map<number, Written>();
    const stateRows: {
      readonly table: StateTableName;
      readonly op: Change['op'];
      readonly row: Row;
      readonly change: Change;
    }[] = [];
    for (const change of transaction.changes) {
      const role = this.#roleOf(change);
      if (role.kind === 'state') {
        const row = change.after ?? change.before;
        if (row !== null) stateRows.push({ table: role.name, op: change.op, row, change });
      } else if (role.kind === 'linked') {
        for (const use of role.uses) {
          if (use.lane !== lane || change.op === 'truncate' || change.op === 'unreadable') continue;
          // Our own rows in a table that was changed since: what they held is not asked for any more.
          if ('indexes' in use.reading) noteWritten(written, change, use.reading, this.side);
        }
      }
    }
    if (written.size > 0) out.bookkeeping = false;
    recogniseOwn(
      {
        side: this.side,
        lane,
        marker,
        ordinal,
        transaction,
        opposite,
        timeline: this.timeline,
        positions: this.#positions,
        counterpart: this.#counterpart,
      },
      written,
      stateRows.map(({ table, op, row, change }) => ({ table, op, row: stateRow(change, row) })),
      () => this.#nextEffective(transaction.committedAtUs),
      out,
    );
  }

  #takeForeign(transaction: Transaction, ordinal: number, out: Recognised): void {
    const shares = new Map<Lane, Share>();
    for (const change of transaction.changes) {
      const role = this.#roleOf(change);
      if (role.kind === 'state') this.#takeState(change, role.name, out);
      else if (role.kind === 'linked') {
        out.bookkeeping = false;
        for (const use of role.uses) this.#takeLinked(change, use, shares, out);
      } else out.passed.unmapped++;
    }
    if (transaction.changes.length === 0) out.bookkeeping = false;
    if (shares.size === 0) return;
    const effectiveUs = this.#nextEffective(transaction.committedAtUs);
    for (const [lane, { changes, unread }] of shares) {
      for (const change of changes) this.#remember(lane, change, transaction.position, ordinal, effectiveUs);
      const { seen, recent } = lane.sides[this.side];
      recent.add(transaction.id);
      out.items.push({ lane, item: itemOf(transaction, ordinal, effectiveUs, seen, changes, unread) });
    }
  }

  #takeLinked(change: Change, { lane, reading }: Use, shares: Map<Lane, Share>, out: Recognised): void {
    if (change.op === 'truncate' && reading.link.truncate === 'ignore') return;
    if (!('indexes' in reading) || change.op === 'truncate' || change.op === 'unreadable') {
      this.#takeUnread(change, lane, reading, shareOf(shares, lane), out);
      return;
    }
    const projected = projectChange(change, reading, this.side);
    if (typeof projected === 'string') out.passed[projected]++;
    else shareOf(shares, lane).changes.push(projected);
  }

  /** What it did cannot be told row by row: the group stops, and what may have changed is noted. */
  #takeUnread(change: Change, lane: Lane, reading: Projection | Misfit, { unread }: Share, out: Recognised): void {
    const { link } = reading;
    const keyAt = 'indexes' in reading ? null : reading.keyAt;
    const images = keyAt === null ? [] : [change.before, change.after].filter((row) => row !== null);
    const keys = images.map((row) => (keyAt ?? []).map((at) => row[at]));
    if (keys.length > 0 && keys.every((key) => !key.includes(undefined))) {
      for (const key of keys) unread.push({ link, key });
    } else if (!unread.some((each) => each.link === link && each.key === null)) unread.push({ link, key: null });
    if (out.failures.some((failure) => failure.lane === lane)) return;
    const error = 'indexes' in reading ? truncated(link, this.side) : reading.error;
    out.failures.push({ lane, error });
  }

  /** Enters an application's change into the window, under its old key too where the key changed. */
  #remember(lane: Lane, change: LinkedChange, position: Position, ordinal: number, effectiveUs: number): void {
    const { link, before, after } = change;
    const { window, echoes } = lane.sides[this.side];
    const hash = imageHash(link, this.side, (after ?? before) as Row);
    window.add(hash, ordinal, effectiveUs, after === null ? LEFT_ABSENT : LEFT_THERE);
    if (after === null) noteVanished(lane, this.side, link, ordinal);
    if (echoes.keeps(hash)) {
      const key = keyOf(link, (after ?? before) as Row);
      echoes.keepOverlap(hash, { link, key, position, ordinal, effectiveUs, image: after, before });
    }
    if (before !== null && after !== null && changesKey(link, this.side, before, after)) {
      window.add(imageHash(link, this.side, before), ordinal, effectiveUs, LEFT_ABSENT);
    }
  }

  #takeState(change: Change, name: StateTableName, out: Recognised): void {
    const image = change.after ?? change.before;
    if (image === null) return;
    const row = stateRow(change, image);
    if (name === 'parked' && change.after !== null) out.parked.push(row);
    if (name !== 'control') return;
    out.controls.push({ name: String(row['name']), value: change.after === null ? null : String(row['value']) });
  }

  #nextEffective(wallUs: number): number {
    this.#effectiveUs = effectiveTime(wallUs, this.#effectiveUs);
    return this.#effectiveUs;
  }

  #isState(change: Change, name: StateTableName): boolean {
    return change.table.ref.schema === this.#stateSchema && change.table.ref.table === name;
  }

  #roleOf(change: Change): TableRole {
    let role = this.#roles.get(change.table);
    if (role === undefined) {
      role = this.#findRole(change.table);
      this.#roles.set(change.table, role);
    }
    return role;
  }

  #findRole(table: CapturedTable): TableRole {
    const { schema, table: name } = table.ref;
    if (schema === this.#stateSchema && name in STATE_TABLES) return { kind: 'state', name: name as StateTableName };
    const uses = this.#lanes.flatMap((lane) =>
      projectionsOf(table, lane.plan.links, this.side).map((reading) => ({ lane, reading })),
    );
    return uses.length === 0 ? { kind: 'none' } : { kind: 'linked', uses };
  }
}

function shareOf(shares: Map<Lane, Share>, lane: Lane): Share {
  let share = shares.get(lane);
  if (share === undefined) {
    share = { changes: [], unread: [] };
    shares.set(lane, share);
  }
  return share;
}

function truncated(link: LinkPlan, side: Side): TandemError {
  const name = tableName(link[side].ref);
  return new TandemError('TD7011', `${name} was truncated, or dropped and made again, on the ${side} side`, {
    expected: 'rows that are deleted one by one, or a link that says what that means for the other side',
    fix:
      `truncate: 'apply' in the link '${link.id}' empties the other side, too; ` +
      `truncate: 'ignore' keeps its rows. Then start again.`,
    at: { link: link.id, table: name, side },
  });
}
