import { hashText, keyText, valueText } from '../../arbiter/hash.ts';
import type { Position } from '../../model/change.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import type { Kind, Row } from '../../model/value.ts';

/**
 * A change of a linked table, as an image of its own side. `reassert` and `refresh` are states rather than changes:
 * home's decision about a row, and the remote side's answer to "what does this row hold now". `recall` is a request:
 * the row came back where it was absent; the children that its server may have removed with it are to be told again.
 */
export interface LinkedChange {
  readonly link: LinkPlan;
  readonly op: 'insert' | 'update' | 'delete' | 'read' | 'reassert' | 'refresh' | 'recall';
  readonly before: Row | null;
  /** null = the row is absent. */
  readonly after: Row | null;
  /** How often a side effect of Tandem's own writing has already caused this change: 0 or 1 (correctness 2.2 no. 5). */
  readonly hops: number;
}

/** A change that cannot be carried over as it is; `key` null = any row of the link's table. */
export interface Unread {
  readonly link: LinkPlan;
  readonly key: Row | null;
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
  /** What changed and cannot be told from the log: a row of which the key alone is known, or any row of the table. */
  readonly unread: readonly Unread[];
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

/** What every row of a link needs to know, looked up once. */
interface LinkFacts {
  /** Keeps equal keys of different links apart in the windows. */
  readonly seed: number;
  /** The only column of the key, by index; -1 where there are several. */
  readonly keyColumn: number;
  readonly keyKinds: Readonly<Record<Side, readonly Kind[]>>;
  readonly imageKinds: Readonly<Record<Side, readonly Kind[]>>;
  readonly hasEqualKeys: boolean;
}

const known = new WeakMap<LinkPlan, LinkFacts>();

function factsOf(link: LinkPlan): LinkFacts {
  let facts = known.get(link);
  if (facts === undefined) {
    const { key } = link.left;
    const kinds = (side: Side) => link[side].columns.map((column) => column.kind);
    const imageKinds = { left: kinds('left'), right: kinds('right') };
    const ofKey = (side: Side) => link[side].key.map((at) => imageKinds[side][at] ?? 'text');
    facts = {
      seed: hashText(0, link.id) & 0x7fffffff,
      keyColumn: key.length === 1 ? (key[0] as number) : -1,
      keyKinds: { left: ofKey('left'), right: ofKey('right') },
      imageKinds,
      hasEqualKeys: key.every((at) => link.pairs[at]?.codec === null && imageKinds.left[at] === imageKinds.right[at]),
    };
    known.set(link, facts);
  }
  return facts;
}

/** The kinds of a side's linked columns, for comparing and fingerprinting images. */
export function imageKinds(link: LinkPlan, side: Side): readonly Kind[] {
  return factsOf(link).imageKinds[side];
}

/** Does a row that both sides know by the same key have one key text on both? */
export function hasEqualKeys(link: LinkPlan): boolean {
  return link.keys === 'shared' && factsOf(link).hasEqualKeys;
}

/** The text of a row's key on one side; see {@link keyText}. */
export function rowKeyText(link: LinkPlan, side: Side, key: Row): string {
  return keyText(factsOf(link).keyKinds[side], key);
}

/** The same of an image, without making its key. */
export function imageKeyText(link: LinkPlan, side: Side, image: Row): string {
  const facts = factsOf(link);
  if (facts.keyColumn < 0) return keyText(facts.keyKinds[side], keyOf(link, image));
  return valueText(facts.keyKinds[side][0] as Kind, image[facts.keyColumn]);
}

/** The window's hash of a row on one side. */
export function rowHash(link: LinkPlan, side: Side, key: Row): number {
  return hashKeyText(link, rowKeyText(link, side, key));
}

/** The same of an image. */
export function imageHash(link: LinkPlan, side: Side, image: Row): number {
  return hashKeyText(link, imageKeyText(link, side, image));
}

/** The same from a key text made by {@link rowKeyText}. */
export function hashKeyText(link: LinkPlan, text: string): number {
  return hashText(factsOf(link).seed, text);
}
