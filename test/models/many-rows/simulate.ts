import { type Position, type Positions } from '../../../src/model/change.ts';
import { applyNext } from './applier.ts';
import { readNext } from './reader.ts';
import { held, newReading, same, text, World, type Deferral, type Image, type Plan, type SideIndex } from './world.ts';

export interface Outcome {
  /** Rows that differ though nobody says so. */
  readonly different: number;
  readonly parked: number;
  readonly conflicts: number;
  readonly trace: readonly string[];
}

/** Rounds in which the state of parked rows is asked for, once everything else has come to rest. */
const ROUNDS_MAX = 8;

const sides: readonly SideIndex[] = [0, 1];

/** One random run, from empty tables to rest. The seed decides everything. */
export function simulate(seed: number, plan: Plan): Outcome {
  const world = new World(plan, randomOf(seed));
  const left: [number, number] = [plan.writes, plan.writes];
  let crashesLeft = plan.crashes;
  for (let round = 0; ; ) {
    const acts: (() => unknown)[] = [];
    for (const side of sides) {
      if (left[side] > 0) acts.push(() => write(world, side, left));
      const isBehind = world.readings[side].at < world.sites[side].log.length;
      if (isBehind)
        acts.push(
          () => readNext(world, side),
          () => readNext(world, side),
        );
    }
    if (isRecovered(world)) {
      const busy = sides.filter(
        (side) => world.tasks[side].length + world.readings[side === 0 ? 1 : 0].items.length > 0,
      );
      for (const side of busy)
        acts.push(
          () => applyNext(world, side),
          () => applyNext(world, side),
        );
    }
    if (acts.length === 0) {
      if (sides.every((side) => world.sites[side].parked.size === 0) || round++ >= ROUNDS_MAX) break;
      askForParked(world);
      continue;
    }
    if (crashesLeft > 0 && world.random() < 0.02) {
      crashesLeft--;
      crash(world);
    } else world.pick(acts)();
  }
  return outcomeOf(world);
}

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** An application inserts, updates, renames or deletes a row. */
function write(world: World, side: SideIndex, left: [number, number]): void {
  left[side]--;
  const { rows } = world.sites[side];
  const kind = world.random();
  const value = Math.floor(world.random() * 100);
  const natural = Math.floor(world.random() * world.plan.naturals);
  const isFree = world.holder(side, natural) === null;
  if (kind < 0.35 || rows.size === 0) {
    if (isFree) put(world, side, world.sites[side].nextId++, { natural, value });
    return;
  }
  const [id, before] = world.pick([...rows]);
  if (kind < 0.6) put(world, side, id, { ...before, value });
  else if (kind < 0.8 && isFree) put(world, side, id, { ...before, natural });
  else if (kind >= 0.8) put(world, side, id, null);
}

function put(world: World, side: SideIndex, id: number, after: Image | null): void {
  const site = world.sites[side];
  const op = after === null ? 'delete' : site.rows.has(id) ? 'update' : 'insert';
  if (after === null) site.rows.delete(id);
  else site.rows.set(id, after);
  site.log.push({ kind: 'local', change: { op, id, after }, wall: Math.floor(world.random() * 50) });
  world.note(`${'HR'[side]}: ${op} ${id} ${text(after)}`);
}

const positions: Positions = { covers: (upTo, at) => upTo >= at };

function positionOf(ordinal: number): Position {
  return String(ordinal).padStart(6, '0') as Position;
}

function isRecovered(world: World): boolean {
  return sides.every((side) => {
    const { at, born } = world.readings[side];
    const { log } = world.sites[side];
    if (world.plan.habits.readsOwnFirst && log.slice(at, born).some(({ kind }) => kind === 'own')) return false;
    return world.plan.rules.hasRecovered(positions, positionOf(at), positionOf(world.applied[side]));
  });
}

/** kill -9, and a start from what is durable. */
function crash(world: World): void {
  world.note('CRASH');
  const own = [held(world.sites[0]), held(world.sites[1])] as const;
  const readings = sides.map((side) => {
    const [arriving, leaving] = side === 0 ? own : [own[1], own[0]];
    const checkpoint = leaving?.position ?? 0;
    const known = side === 0 ? positionOf(arriving?.known ?? 0) : null;
    const floor = positionOf(arriving?.floor ?? 0);
    const start = Number(world.plan.rules.restartFloor(positions, positionOf(checkpoint), floor, known));
    const deferrals = new Map<number, Deferral[]>();
    for (const [id, position] of world.sites[side].deferred) {
      deferrals.set(id, [{ position, from: 0, until: Infinity }]);
    }
    world.applied[side] = checkpoint;
    const born = world.sites[side].log.length;
    return newReading({ start, at: start, born, checkpoint, usAtCheckpoint: leaving?.us ?? 0, deferrals });
  });
  world.readings = readings as unknown as World['readings'];
  world.tasks = [[], []];
}

function askForParked(world: World): void {
  for (const target of sides) {
    const source = target === 0 ? 1 : 0;
    for (const id of world.sites[target].parked) world.tasks[source].push({ kind: 'restate', id });
  }
}

function outcomeOf(world: World): Outcome {
  const [home, remote] = world.sites;
  const isParked = (a: number | undefined, b: number | undefined) =>
    (a !== undefined && remote.parked.has(a)) || (b !== undefined && home.parked.has(b));
  let different = 0;
  for (const [id, row] of home.rows) {
    const other = world.counterpart[0].get(id);
    const image = other === undefined ? null : (remote.rows.get(other) ?? null);
    if (!isParked(id, other) && !same(row, image)) different++;
  }
  for (const id of remote.rows.keys()) {
    const other = world.counterpart[1].get(id);
    if (!isParked(other, id) && (other === undefined || !home.rows.has(other))) different++;
  }
  const parked = home.parked.size + remote.parked.size;
  return { different, parked, conflicts: world.conflicts, trace: world.trace };
}
