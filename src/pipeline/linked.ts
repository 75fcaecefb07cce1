import { hashText, keyText } from '../arbiter/hash.ts';
import type { Position } from '../model/change.ts';
import type { LinkPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import type { Kind, Row } from '../model/value.ts';

/**
 * A change of a linked table, as an image of its own side. `reassert` and `refresh` are states rather than changes:
 * home's decision about a row, and the remote side's answer to "what does this row hold now".
 */
export interface LinkedChange {
  readonly link: LinkPlan;
  readonly op: 'insert' | 'update' | 'delete' | 'read' | 'reassert' | 'refresh';
  readonly before: Row | null;
  /** null = the row is absent. */
  readonly after: Row | null;
  /** How often a side effect of Tandem's own writing has already caused this change: 0 or 1 (correctness 2.2 no. 5). */
  readonly hops: number;
}

/** What one source transaction (or a part of it) means for one lane. */
export interface LaneItem {
  /** Position and ordinal in the source's log; applying this item means to be there. */
  readonly position: Position;
  readonly ordinal: number;
  readonly id: string;
  readonly committedAtUs: number;
  readonly effectiveUs: number;
  /** The target's position that the source's log had incorporated before this item; null = none yet. */
  readonly seen: Position | null;
  readonly changes: readonly LinkedChange[];
  /** About what the changes take in the log. */
  readonly bytes: number;
  /** False while further parts of the same transaction follow. */
  readonly last: boolean;
}

/** The key of an image, or null where the image does not hold all of it. */
export function keyOf(link: LinkPlan, image: Row): Row {
  const { key } = link.left;
  if (key.length === 1) return [image[key[0] as number]];
  return key.map((at) => image[at]);
}

const kindsOfKeys = new WeakMap<LinkPlan, Record<Side, readonly Kind[]>>();

function keyKinds(link: LinkPlan, side: Side): readonly Kind[] {
  let kinds = kindsOfKeys.get(link);
  if (kinds === undefined) {
    const of = (from: Side) => link[from].key.map((at) => link[from].columns[at]?.kind ?? 'text');
    kinds = { left: of('left'), right: of('right') };
    kindsOfKeys.set(link, kinds);
  }
  return kinds[side];
}

/** The text of a row's key on one side; see {@link keyText}. */
export function rowKeyText(link: LinkPlan, side: Side, key: Row): string {
  return keyText(keyKinds(link, side), key);
}

/** The kinds of a side's linked columns, for comparing and fingerprinting images. */
const kindsOfImages = new WeakMap<LinkPlan, Record<Side, readonly Kind[]>>();

export function imageKinds(link: LinkPlan, side: Side): readonly Kind[] {
  let kinds = kindsOfImages.get(link);
  if (kinds === undefined) {
    const of = (from: Side) => link[from].columns.map((column) => column.kind);
    kinds = { left: of('left'), right: of('right') };
    kindsOfImages.set(link, kinds);
  }
  return kinds[side];
}

const seeds = new WeakMap<LinkPlan, number>();

/** The window's hash of a row on one side. */
export function rowHash(link: LinkPlan, side: Side, key: Row): number {
  return hashKeyText(link, rowKeyText(link, side, key));
}

/** The same from a key text made by {@link rowKeyText}. */
export function hashKeyText(link: LinkPlan, text: string): number {
  let seed = seeds.get(link);
  if (seed === undefined) {
    seed = hashText(0, link.id) & 0x7fffffff;
    seeds.set(link, seed);
  }
  return hashText(seed, text);
}
