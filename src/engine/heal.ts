import type { LinkPlan } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { Row } from '../model/value.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import { keyOf, rowHash, rowKeyText } from '../pipeline/lane/linked.ts';
import { entityOf } from '../pipeline/lane/parked.ts';
import { bare } from '../pipeline/write/write.ts';
import { keyFromText } from '../pipeline/lane/keys.ts';
import { groupHealed, groupOf, routeTo } from './groups.ts';
import { addTask, type Running } from './running.ts';

/** Rows that are asked for at once: one transaction at the source, too short to hold up the living. */
const PAGE_ROWS = 200;
const POLL_MS = 10;
/** A row that was not told by then is asked for again in a later round. */
const PATIENCE_MS = 10_000;

/**
 * The state pass over what changed while a table group was stopped: each row's present state is sent through its side's
 * log and arbitrated on the way, deletes included (correctness 9.1). What home is owed comes first, so that of a row
 * that changed on both sides home decides. Ends early where the group stops again; a restart begins anew with what is
 * left.
 */
export async function healGroup(running: Running, lane: Lane, signal: AbortSignal): Promise<void> {
  for (const target of [lane.home, lane.remote]) {
    const pass = new Pass(running, lane, target, signal);
    while (!lane.sides[target].dirty.isEmpty) {
      if (!(await pass.round())) return;
    }
    if (!(await pass.askRefused())) return;
  }
  if (!signal.aborted && groupOf(running, lane).state === 'healing') groupHealed(running, lane);
}

class Pass {
  readonly #running: Running;
  readonly #lane: Lane;
  readonly #target: Side;
  readonly #source: Side;
  readonly #signal: AbortSignal;

  constructor(running: Running, lane: Lane, target: Side, signal: AbortSignal) {
    this.#running = running;
    this.#lane = lane;
    this.#target = target;
    this.#source = otherSide(target);
    this.#signal = signal;
  }

  /** Asks once for everything that is owed, parents before children. False where there is no going on. */
  async round(): Promise<boolean> {
    const links = this.#lane.plan.links.toSorted((a, b) => a.rank - b.rank);
    for (const link of links) if (!(await this.#askNoted(link))) return false;
    for (const link of links) {
      if (!this.#dirty.isWhole(link.id)) continue;
      if (!(await this.#askAll(link))) return false;
      await this.#note((route) => route.paidWholes.push(link.id));
    }
    return this.#goesOn;
  }

  /** Parents that had to go before their children did were refused and parked: now they can go. */
  async askRefused(): Promise<boolean> {
    const parked = routeTo(this.#running, this.#lane, this.#target)?.applier.parked;
    for (const link of this.#lane.plan.links.toSorted((a, b) => b.rank - a.rank)) {
      const rows = parked?.all().filter((row) => row.link === link.id && row.code === 'TD7002') ?? [];
      const keyed = rows.map(({ sourceKey, rowKey }) => ({ sourceKey, key: rowKey }));
      const isParked = (key: string) => parked?.has(entityOf(link.id, key)) === true;
      if (!(await this.#ask(link, keyed, isParked))) return false;
    }
    return this.#goesOn;
  }

  get #dirty() {
    return this.#lane.sides[this.#target].dirty;
  }

  get #goesOn(): boolean {
    return !this.#signal.aborted && groupOf(this.#running, this.#lane).state === 'healing';
  }

  async #askNoted(link: LinkPlan): Promise<boolean> {
    const rows = [...this.#dirty.rowsOf(link.id)];
    for (let at = 0; at < rows.length; at += PAGE_ROWS) {
      if (!(await this.#ask(link, rows.slice(at, at + PAGE_ROWS)))) return false;
    }
    return this.#goesOn;
  }

  async #ask(
    link: LinkPlan,
    rows: readonly { readonly sourceKey: string; readonly key: Row }[],
    isOwed: (sourceKey: string) => boolean = (sourceKey) => this.#dirty.isNoted(link.id, sourceKey),
  ): Promise<boolean> {
    const { context } = this.#running;
    for (const { key } of rows) addTask(this.#running, this.#lane, this.#source, { kind: 'restate', link, key });
    const deadline = context.nowMs() + PATIENCE_MS;
    while (this.#goesOn && context.nowMs() < deadline) {
      if (!rows.some(({ sourceKey }) => isOwed(sourceKey))) break;
      await context.sleep(POLL_MS, this.#signal).catch(() => undefined);
    }
    return this.#goesOn;
  }

  /** Any row may have changed: all that the source has, then what the target has and the source has not. */
  async #askAll(link: LinkPlan): Promise<boolean> {
    const { endpoints } = this.#running;
    const { where } = link[this.#source];
    for await (const images of endpoints[this.#source].scan(bare(link[this.#source]))) {
      const passing = where === null ? images : images.filter(where);
      if (
        !(await this.#noteAndAsk(
          link,
          passing.map((image) => keyOf(link, image)),
        ))
      )
        return false;
    }
    if (link.truncate === 'ignore' || link.deletes === 'ignore') return this.#goesOn;
    for await (const images of endpoints[this.#target].scan(bare(link[this.#target]))) {
      const gone = await this.#goneAtSource(link, images);
      if (!(await this.#noteAndAsk(link, gone))) return false;
    }
    return this.#goesOn;
  }

  /** They are noted one by one first: what was asked for and not told by a crash is then still known. */
  async #noteAndAsk(link: LinkPlan, keys: readonly Row[]): Promise<boolean> {
    for (let at = 0; at < keys.length; at += PAGE_ROWS) {
      const rows = keys
        .slice(at, at + PAGE_ROWS)
        .map((key) => ({ key, sourceKey: rowKeyText(link, this.#source, key) }));
      await this.#note((route) => route.owed.push(...rows.map(({ key }) => ({ link, key }))));
      if (!(await this.#ask(link, rows))) return false;
    }
    return this.#goesOn;
  }

  async #note(put: (route: NonNullable<ReturnType<typeof routeTo>>) => void): Promise<void> {
    const route = routeTo(this.#running, this.#lane, this.#target);
    if (route === undefined) return;
    put(route);
    route.notice.ring();
    while (this.#goesOn && route.owed.length + route.paidWholes.length > 0) {
      await this.#running.context.sleep(POLL_MS, this.#signal).catch(() => undefined);
    }
  }

  /**
   * Source keys of rows of the target that the source no longer has. A row that the target itself made and has not told
   * yet is not among them: it stands in the window, is owed to the source, or has no counterpart.
   */
  async #goneAtSource(link: LinkPlan, images: readonly Row[]): Promise<readonly Row[]> {
    const { keys, endpoints } = this.#running;
    const opposite = this.#lane.sides[this.#source].dirty;
    const { window } = this.#lane.sides[this.#target];
    const texts = images
      .map((image) => keyOf(link, image))
      .filter((key) => {
        const text = rowKeyText(link, this.#target, key);
        if (window.newest(rowHash(link, this.#target, key), -1) !== null) return false;
        // Where keys are shared, a table that is owed as a whole tells nothing about which side made a row.
        return link.keys === 'mapped' ? !opposite.isNoted(link.id, text) : !opposite.has(link.id, text);
      })
      .map((key) => ({ key, text: rowKeyText(link, this.#target, key) }));
    if (texts.length === 0) return [];
    const pairs =
      link.keys === 'mapped' ? await keys.resolve(link, this.#target, new Set(texts.map(({ text }) => text))) : null;
    const wanted = texts.flatMap(({ key, text }): Row[] => {
      if (pairs === null) return [key];
      const paired = pairs.get(text);
      return paired === undefined ? [] : [keyFromText(link, this.#source, paired)];
    });
    if (wanted.length === 0) return [];
    await using source = await endpoints[this.#source].target();
    const side = link[this.#source];
    const found = await source.find(bare(side), side.key, wanted);
    const there = new Set(found.map((image) => rowKeyText(link, this.#source, keyOf(link, image))));
    return wanted.filter((key) => !there.has(rowKeyText(link, this.#source, key)));
  }
}
