import { sameInPair } from '../../arbiter/same.ts';
import type { TargetTransaction } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { ColumnPair, EmulatedCascade, LinkPlan, LinkSide, TableShape } from '../../model/plan.ts';
import { otherSide, type Side } from '../../model/policy.ts';
import type { Row, Value } from '../../model/value.ts';
import { keyFromText, orderedPair, type KeyMap } from '../lane/keys.ts';
import { imageHash, imageKeyText, keyOf, rowHash, rowKeyText } from '../lane/linked.ts';
import type { StateWrites } from './state-writes.ts';

/** A row on its way into a statement: its image with the target's own keys, and the counterpart it goes to. */
export interface Outgoing {
  readonly link: LinkPlan;
  readonly sourceKey: string;
  /** Key of the row to change; null for an insert whose key the database makes. */
  readonly key: Row | null;
  /** Mapped image, foreign keys still as at the source where they are mapped; null = delete. */
  readonly image: Row | null;
  /** What the row held before the change, mapped, where that is known. */
  readonly before?: Row | null;
  readonly hops: number;
}

/** What is known inside one target transaction beside the database itself. */
export interface Scope {
  readonly transaction: TargetTransaction;
  readonly target: Side;
  readonly keys: KeyMap;
  readonly states: StateWrites;
  /** Pairs made in this transaction: link id, NUL, source key text -> target key text. */
  readonly fresh: Map<string, string>;
  /** Every entry of `fresh` as it came, with what stood there before, so that an attempt can be undone. */
  readonly made: { readonly id: string; readonly before: string | undefined }[];
  /** Tells the echo book what a row will hold after the commit. */
  readonly intend: (link: LinkPlan, hash: number, image: Row | null, hops: number) => void;
  readonly links: ReadonlyMap<string, LinkPlan>;
  /** A row came back here that was absent: asks the other side for children that this server removed unsaid. */
  readonly recall: (link: LinkPlan, key: Row) => void;
  /** A row that was to be deleted was not there: no lock could keep it so, and nothing of it will be in the log. */
  readonly noteAbsent: (link: LinkPlan, key: Row) => void;
  /** Must a row with this hash be there, by what the target's log and this transaction say? See isExpected. */
  readonly isExpected: (link: LinkPlan, hash: number) => boolean;
  /** May a row be hidden that the log has shown long ago? False, once that was asked, if all that it showed is seen. */
  readonly mayHide: () => Promise<boolean>;
  /** Links of which this transaction has removed rows, whose children may have gone with them. */
  readonly emptied: Set<string>;
}

/** Whose keys do foreign keys in the images hold: still the source's, or the target's own already? */
type ParentKeys = 'source' | 'own';

/** Inserts rows that have no counterpart; mapped ones get their key here and their pair in the key map. */
export async function insertRows(
  scope: Scope,
  link: LinkPlan,
  rows: readonly Outgoing[],
  parents: ParentKeys = 'source',
): Promise<void> {
  const side = link[scope.target];
  const given = rows.map((row) => row.image as Row);
  const images = parents === 'own' ? given : await translateParents(scope, link, given);
  const generated = link.keys === 'mapped' && rows.every((row) => row.key === null);
  const placed = generated ? images : withKeys(link, images, rows);
  for (const group of alike(placed)) {
    const run = group.map((at) => withConstants(side, placed[at] as Row, true));
    const result = await scope.transaction.write({ op: 'insert', shape: shapeOf(side, true), rows: run, generated });
    group.forEach((at, index) => {
      const { sourceKey, hops } = rows[at] as Outgoing;
      const image = generated ? withMade(scope, link, placed[at] as Row, sourceKey, result.keys[index]) : placed[at];
      scope.intend(link, imageHash(link, scope.target, image as Row), image as Row, hops);
    });
  }
}

/** The image with the key that the database made for it; the pair goes into the key map. */
function withMade(scope: Scope, link: LinkPlan, image: Row, sourceKey: string, key: Row | undefined): Row {
  if (key === undefined) throw new TandemError('TD9002', `no key came back for an insert into link '${link.id}'`);
  pair(scope, link, sourceKey, rowKeyText(link, scope.target, key));
  return replaceKey(link, image, key);
}

/** Updates rows by key; a row that is not there is made, so that the target ends with the state it was sent. */
export async function updateRows(
  scope: Scope,
  link: LinkPlan,
  rows: readonly Outgoing[],
  parents: ParentKeys = 'source',
): Promise<void> {
  const side = link[scope.target];
  const given = rows.map((row) => row.image as Row);
  const images = parents === 'own' ? given : await translateParents(scope, link, given);
  const placed = withKeys(link, images, rows);
  const changes = changesOf(scope, link, rows, placed);
  const missing: number[] = [];
  for (const group of alike(changes)) {
    const result = await scope.transaction.write({
      op: 'update',
      shape: shapeOf(side, false),
      keys: group.map((at) => (rows[at] as Outgoing).key as Row),
      rows: group.map((at) => withConstants(side, changes[at] as Row, false)),
    });
    for (const index of result.missing) missing.push(group[index] as number);
  }
  for (const at of missing) {
    const image = placed[at] as Row;
    const shape = shapeOf(side, true);
    await scope.transaction.write({ op: 'insert', shape, rows: [withConstants(side, image, true)], generated: false });
    scope.recall(link, keyOf(link, image));
  }
  rows.forEach((row, at) => {
    const image = placed[at] as Row;
    const hash = imageHash(link, scope.target, image);
    const isWhole = !hasFiner(link) || missing.includes(at);
    scope.intend(link, hash, isWhole ? image : replaceKey(link, changes[at] as Row, keyOf(link, image)), row.hops);
    if (keepsKey(scope, link, image, row.key as Row)) return;
    scope.intend(link, rowHash(link, scope.target, row.key as Row), null, row.hops);
  });
}

/**
 * Deletes rows by key. Children that a server removes or detaches without logging it go first, by hand: then this log
 * says what became of them, and it reaches the other side as the result of a cascade that was logged would.
 */
export async function deleteRows(scope: Scope, link: LinkPlan, rows: readonly Outgoing[]): Promise<void> {
  const keys = rows.map((row) => row.key as Row);
  const cascades = cascadesFrom(link, otherSide(scope.target));
  // The lock holds off children that somebody is about to add.
  if (cascades.length > 0) await scope.transaction.lock(bare(link[scope.target]), keys);
  for (const cascade of cascades) await cascadeTo(scope, cascade, keys);
  let absent = await remove(scope, link, keys);
  if (absent.length > 0 && (await scope.mayHide())) absent = await remove(scope, link, absent);
  for (const key of absent) scope.noteAbsent(link, key);
  scope.emptied.add(link.id);
  rows.forEach((row) => scope.intend(link, rowHash(link, scope.target, row.key as Row), null, row.hops));
}

/** Returns the keys of rows that were not there. Throws TD7014. */
async function remove(scope: Scope, link: LinkPlan, keys: readonly Row[]): Promise<Row[]> {
  const { missing } = await scope.transaction.write({ op: 'delete', shape: bare(link[scope.target]), keys });
  const absent = missing.map((at) => keys[at] as Row);
  for (const key of absent) believeAbsent(scope, link, key);
  return absent;
}

/** A row, locked; null where it is absent, as far as that can be known. Throws TD7014. */
export async function lockRow(scope: Scope, link: LinkPlan, key: Row): Promise<Row | null> {
  const look = async () => (await scope.transaction.lock(bare(link[scope.target]), [key]))[0] ?? null;
  const found = await look();
  if (found !== null) return found;
  believeAbsent(scope, link, key);
  return (await scope.mayHide()) ? look() : null;
}

/** What the source's server has done to the children comes before what the target's would do to them. */
function cascadesFrom({ cascades }: LinkPlan, source: Side): readonly EmulatedCascade[] {
  return cascades.filter(
    ({ from, childLink, columns }) =>
      from === source ||
      !cascades.some(
        (other) =>
          other.from === source &&
          other.childLink === childLink &&
          other.columns.every((column, at) => column === columns[at]),
      ),
  );
}

/** Throws TD7014 (transient) where the log says that the row is there: its transaction is not visible yet. */
function believeAbsent(scope: Scope, link: LinkPlan, key: Row): void {
  if (mayHaveGone(scope, link) || !scope.isExpected(link, rowHash(link, scope.target, key))) return;
  throw new TandemError('TD7014', `a row of link '${link.id}' is in the log but not visible yet`, {
    at: { link: link.id },
  });
}

/** Has this very transaction removed rows that rows of the link refer to, however far up? */
function mayHaveGone(scope: Scope, link: LinkPlan, seen: readonly string[] = []): boolean {
  return link[scope.target].foreignKeys.some(({ link: id }) => {
    if (scope.emptied.has(id)) return true;
    const parent = scope.links.get(id);
    return parent !== undefined && !seen.includes(id) && mayHaveGone(scope, parent, [...seen, id]);
  });
}

async function cascadeTo(
  scope: Scope,
  cascade: EmulatedCascade,
  parents: readonly Row[],
  gone = new Set<number>(),
): Promise<void> {
  const child = scope.links.get(cascade.childLink);
  if (child === undefined) return;
  const { columns, action } = cascade;
  const shape = bare(child[scope.target]);
  const hashOf = (image: Row) => rowHash(child, scope.target, keyOf(child, image));
  // Rows may refer to each other in a circle.
  const found = (await scope.transaction.find(shape, columns, parents)).filter((image) => !gone.has(hashOf(image)));
  if (found.length === 0) return;
  const keys = found.map((image) => keyOf(child, image));
  if (action === 'setNull') {
    const rows = found.map((image) => image.map((_, at) => (columns.includes(at) ? null : undefined)));
    await scope.transaction.write({ op: 'update', shape, keys, rows });
    return;
  }
  for (const image of found) gone.add(hashOf(image));
  for (const further of cascadesFrom(child, otherSide(scope.target))) await cascadeTo(scope, further, keys, gone);
  await scope.transaction.write({ op: 'delete', shape, keys });
  scope.emptied.add(child.id);
}

/** Writes a pair into the key map of this database, in the same transaction as the row. */
export function pair(scope: Scope, link: LinkPlan, sourceKey: string, targetKey: string): void {
  const [left, right] = orderedPair(scope.target, sourceKey, targetKey);
  scope.states.put('key_map', { link: link.id, left_key: left, right_key: right });
  const id = `${link.id}\u0000${sourceKey}`;
  scope.made.push({ id, before: scope.fresh.get(id) });
  scope.fresh.set(id, targetKey);
}

/** The counterpart's key, also of a row that this very transaction made. */
export function freshKey(scope: Scope, link: LinkPlan, sourceKey: string): Row | null {
  const text = scope.fresh.get(`${link.id}\u0000${sourceKey}`);
  return text === undefined ? null : keyFromText(link, scope.target, text);
}

/**
 * Foreign keys into tables with mapped keys get the parent's key of this side. Throws TD7013 where the parent has none
 * yet.
 */
async function translateParents(scope: Scope, link: LinkPlan, images: readonly Row[]): Promise<readonly Row[]> {
  if (link.parents.length === 0) return images;
  const source = otherSide(scope.target);
  const out = images.map((image) => [...image]);
  for (const { link: parentId, column } of link.parents) {
    const parent = scope.links.get(parentId) as LinkPlan;
    const texts = out.map((image) => (image[column] === null ? null : parentText(parent, source, image[column])));
    const wanted = texts.filter(
      (text): text is string => text !== null && !scope.fresh.has(`${parentId}\u0000${text}`),
    );
    const known = await scope.keys.resolve(parent, source, new Set(wanted));
    out.forEach((image, at) => {
      const text = texts[at];
      if (text === null || text === undefined) return;
      const key = scope.fresh.get(`${parentId}\u0000${text}`) ?? known.get(text);
      if (key === undefined) throw parentUnknown(link, parentId, text);
      image[column] = keyFromText(parent, scope.target, key)[0];
    });
  }
  return out;
}

function parentText(parent: LinkPlan, source: Side, value: Value | undefined): string | null {
  return value === undefined ? null : rowKeyText(parent, source, [value]);
}

function parentUnknown(link: LinkPlan, parent: string, text: string): TandemError {
  return new TandemError(
    'TD7013',
    `a row of link '${link.id}' refers to a row of '${parent}' that has no counterpart yet`,
    {
      at: { link: link.id, parent },
      cause: { parent, parentKey: text },
    },
  );
}

/** Mapped rows carry the source's key in the key's place; the target's own goes there. */
function withKeys(link: LinkPlan, images: readonly Row[], rows: readonly Outgoing[]): readonly Row[] {
  if (link.keys === 'shared') return images;
  return images.map((image, at) => {
    const key = rows[at]?.key ?? null;
    return key === null ? image : replaceKey(link, image, key);
  });
}

function replaceKey(link: LinkPlan, image: Row, key: Row): Row {
  const out = [...image];
  link.left.key.forEach((at, index) => {
    out[at] = key[index];
  });
  return out;
}

/** What updates write of the images: not a key that stays where others of the run change theirs. */
function changesOf(scope: Scope, link: LinkPlan, rows: readonly Outgoing[], images: readonly Row[]): readonly Row[] {
  const stays = (image: Row, at: number) => keepsKey(scope, link, image, (rows[at] as Outgoing).key as Row);
  // The usual case: databases leave out by themselves what nobody in the run changes.
  if (!hasFiner(link) && images.every(stays)) return images;
  return images.map((image, at) => {
    const change = stays(image, at)
      ? image.map((value, column) => (link.left.key.includes(column) ? undefined : value))
      : image;
    return leaveFiner(scope, link, change, rows[at]?.before ?? null);
  });
}

/** Is it the row with this key, and stays so? */
function keepsKey(scope: Scope, link: LinkPlan, image: Row, key: Row): boolean {
  const columns = link.left.key;
  if (columns.length === 1 && image[columns[0] as number] === key[0]) return true;
  return imageKeyText(link, scope.target, image) === rowKeyText(link, scope.target, key);
}

/**
 * Where this side keeps a value finer than the other can (a fraction of a second), a column that has not changed there
 * is not written here: its stored digits stay.
 */
function leaveFiner(scope: Scope, link: LinkPlan, image: Row, before: Row | null): Row {
  if (before === null || !hasFiner(link)) return image;
  return image.map((value, at) => {
    const pair = link.pairs[at] as ColumnPair;
    const old = before[at];
    if (pair.canon === undefined || value === undefined || old === undefined) return value;
    return sameInPair(pair, scope.target, old, value) ? undefined : value;
  });
}

const finer = new WeakMap<LinkPlan, boolean>();

function hasFiner(link: LinkPlan): boolean {
  let known = finer.get(link);
  if (known === undefined) {
    known = link.pairs.some((pair) => pair.canon !== undefined);
    finer.set(link, known);
  }
  return known;
}

/** Indexes of rows that leave out the same columns, in order of first appearance. */
function alike(rows: readonly Row[]): number[][] {
  if (!rows.some((row) => row.includes(undefined))) return [[...rows.keys()]];
  const groups = new Map<string, number[]>();
  rows.forEach((row, at) => {
    const signature = row.includes(undefined) ? row.map((value) => (value === undefined ? '0' : '1')).join('') : '';
    const group = groups.get(signature);
    if (group === undefined) groups.set(signature, [at]);
    else group.push(at);
  });
  return [...groups.values()];
}

interface Shapes {
  readonly insert: TableShape;
  readonly update: TableShape;
  readonly bare: TableShape;
}
const shapes = new WeakMap<LinkSide, Shapes>();

function shapesOf(side: LinkSide): Shapes {
  let known = shapes.get(side);
  if (known === undefined) {
    const { ref, columns, key, constants } = side;
    const onWrite = constants.filter((constant) => constant.on === 'write');
    const onInsert = [...onWrite, ...constants.filter((constant) => constant.on === 'insert')];
    known = {
      bare: { ref, columns, key },
      update: { ref, columns: [...columns, ...onWrite.map((constant) => constant.column)], key },
      insert: { ref, columns: [...columns, ...onInsert.map((constant) => constant.column)], key },
    };
    shapes.set(side, known);
  }
  return known;
}

/** The linked columns alone: what is read, compared and deleted by. */
export function bare(side: LinkSide): TableShape {
  return shapesOf(side).bare;
}

function shapeOf(side: LinkSide, insert: boolean): TableShape {
  return insert ? shapesOf(side).insert : shapesOf(side).update;
}

function withConstants(side: LinkSide, image: Row, insert: boolean): Row {
  if (side.constants.length === 0) return image;
  const onWrite = side.constants.filter((constant) => constant.on === 'write').map((constant) => constant.value);
  if (!insert) return [...image, ...onWrite];
  return [...image, ...onWrite, ...side.constants.filter((each) => each.on === 'insert').map((each) => each.value)];
}
