import type { Side } from '../../src/model/policy.ts';
import { compareSides, isOwed, readPairs, readParked, staleParked } from './compare.ts';
import { Engines, type Process } from './engines.ts';
import type { Ending, Family, Write } from './family.ts';
import { ask, Nemesis } from './nemesis.ts';
import { decideConflicts, openConflicts } from './operator.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { scenarioOf, type Scenario } from './scenarios.ts';
import { brokenConstraints } from './constraints.ts';
import { ledger } from './families/ledger.ts';
import { Prefixes } from './prefixes.ts';
import { createWorld, type World } from './world.ts';

const WRITERS_PER_SIDE = 2;
const TURNS_MAX = 60_000;
/** Virtual time in which a parked row whose blocker is gone must have been tried again. */
const RETRIES_MS = 150_000;
const SILENCE_MS = 60_000;

export interface Outcome {
  readonly seed: number;
  readonly config: string;
  /** Empty where everything that must hold does. */
  readonly wrong: readonly string[];
  readonly turns: number;
  /** Equal for equal runs. */
  readonly digest: number;
  /** Committed transactions of applications. */
  readonly transactions: number;
  readonly conflicts: number;
  readonly crashes: number;
  /** Rows that stayed parked, and rows in all. */
  readonly parked: number;
  readonly rows: number;
  /** For a failure's report. */
  readonly deeds: readonly string[];
  readonly log: readonly string[];
  readonly trace: readonly string[];
}

/** One run from its seed: applications write, everything goes wrong, it heals, and then everything must be right. */
export async function simulate(seed: number, config: string, traceMax = 0): Promise<Outcome> {
  return new Simulation(seed, config, traceMax).run();
}

class Simulation {
  readonly #seed: number;
  readonly #config: string;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #scenario: Scenario;
  readonly #nemesis: Nemesis;
  readonly #writes: Write[] = [];
  readonly #wrong: string[] = [];
  #transactions = 0;
  #marks = 0;

  constructor(seed: number, config: string, traceMax: number) {
    this.#seed = seed;
    this.#config = config;
    this.#random = new Random(seed * 7919 + 17);
    this.#scheduler = new Scheduler(this.#random);
    this.#scheduler.traceMax = traceMax;
    this.#scenario = scenarioOf(config, this.#random);
    this.#nemesis = new Nemesis(this.#random, this.#scheduler, this.#scenario.misfortune);
  }

  async run(): Promise<Outcome> {
    const world = await this.#drive('set up', this.#build());
    if (world === null) return this.#outcome(null, null);
    const engines = new Engines(world, this.#scheduler, this.#random);
    await this.#drive('start', engines.start());
    const keeper = this.#keepRunning(engines);
    const nemesis = this.#nemesis.run(world, engines);
    await this.#drive('writing', this.#write(world));
    this.#nemesis.heal();
    this.#healed = true;
    await this.#drive('healing', Promise.all([keeper, nemesis.then(() => this.#resume(world))]));
    const last = await this.#drive('settling', this.#settle(world, engines));
    if (last !== null) await this.#finish(world, engines, last);
    this.#wrong.push(...engines.wrong);
    return this.#outcome(world, engines);
  }
  #healed = false;

  get #tables() {
    const of = (side: Side) => this.#scenario.families.flatMap((family) => family.tables[side]);
    return { left: of('left'), right: of('right') };
  }

  async #build(): Promise<World> {
    const { families, home, strict, policy, memory } = this.#scenario;
    const of = (side: 'left' | 'right') => ({
      ...memory[side],
      yieldPoint: this.#scheduler.yieldPoint,
      nowUs: this.#nemesis.clockUs(side, memory[side].wholeSeconds),
      fault: this.#nemesis.fault,
    });
    const world = await createWorld({
      tables: this.#tables,
      links: Object.assign({}, ...families.map((family) => family.links)),
      home,
      strict,
      defaults: { keys: 'shared', conflict: policy },
      memory: { left: of('left'), right: of('right') },
    });
    if (families.includes(ledger)) this.#prefixes = new Prefixes(world.databases);
    for (const family of families) await family.setUp?.(world.databases);
    return world;
  }

  /** Runs turns until the work is done; notes where it never is. */
  async #drive<T>(stage: string, work: Promise<T>, turnsMax = TURNS_MAX): Promise<T | null> {
    let result: { readonly value: T } | null = null;
    let failure: unknown = null;
    work.then(
      (value) => (result = { value }),
      (thrown: unknown) => (failure = thrown ?? new Error('rejected')),
    );
    const isDone = await this.#scheduler.run(() => this.#look() || result !== null || failure !== null, turnsMax);
    if (failure !== null)
      this.#wrong.push(`${stage}: ${failure instanceof Error ? (failure.stack ?? failure.message) : 'rejected'}`);
    else if (!isDone) this.#wrong.push(`${stage} does not come to an end`);
    return (result as { readonly value: T } | null)?.value ?? null;
  }

  #world: World | null = null;
  #prefixes: Prefixes | null = null;

  /** Looks at what must hold at every moment; never ends a stage. */
  #look(): boolean {
    if (this.#world === null || this.#wrong.length > 0) return false;
    for (const family of this.#scenario.families) {
      this.#wrong.push(...(family.always?.(this.#world.databases) ?? []));
    }
    this.#wrong.push(...(this.#prefixes?.check() ?? []));
    return false;
  }

  async #write(world: World): Promise<void> {
    this.#world = world;
    const writers = (['left', 'right'] as const).flatMap((side) =>
      Array.from({ length: WRITERS_PER_SIDE }, () => this.#writer(world, side)),
    );
    await Promise.all(writers);
  }

  async #writer(world: World, side: 'left' | 'right'): Promise<void> {
    const { transactions, thinkMs } = this.#scenario;
    for (let count = 0; count < transactions; count++) {
      if (this.#random.chance(0.4)) await this.#scheduler.sleep('writer', this.#random.below(thinkMs));
      await this.#transact(world, side, this.#random.pick(this.#scenario.families));
    }
  }

  /** One transaction of an application. Where its database refuses it, so be it. */
  async #transact(world: World, side: 'left' | 'right', family: Family): Promise<void> {
    const notes: Write[] = [];
    const random = this.#random;
    const changes = random.chance(0.7) ? 1 + random.below(3) : 1 + random.below(this.#scenario.changesMax);
    const mark = () => `${side === 'left' ? 'l' : 'r'}${++this.#marks}`;
    const tx = world.databases[side].begin();
    try {
      for (let count = 0; count < changes; count++) {
        await family.act({ side, tx, random, mark, note: (write) => notes.push(write) });
      }
      if (random.chance(0.05)) await tx.rollback();
      else {
        await tx.commit();
        this.#writes.push(...notes);
        this.#transactions++;
      }
    } catch {
      await tx.rollback().catch(() => undefined);
    }
  }

  /** Whoever looks after the processes starts a new one when none runs. */
  async #keepRunning(engines: Engines): Promise<void> {
    while (!this.#healed) {
      await this.#scheduler.sleep('keeper', 5 + this.#random.below(40));
      if (engines.running.length === 0) await engines.start();
    }
  }

  async #resume(world: World): Promise<void> {
    for (const stream of ['left->right', 'right->left']) await ask(world, `paused:${stream}`, 'no');
  }

  /** Until one engine alone runs, and has nothing left to do. */
  async #settle(world: World, engines: Engines): Promise<Process> {
    for (;;) {
      const last = engines.running.at(-1) ?? (await engines.start());
      for (const other of engines.running) if (other !== last) engines.crash(other);
      await this.#scheduler.step('settling');
      await engines.idle(last);
      const open = openConflicts(world);
      if (open.length > 0) {
        await decideConflicts(world, this.#random, open);
        await this.#scheduler.sleep('operator', 100);
      } else if (last.ended === null && last.sync !== null) return last;
    }
  }

  async #finish(world: World, engines: Engines, last: Process): Promise<void> {
    const { databases } = world;
    const rest = (ms: number) => this.#drive('resting', this.#scheduler.sleep('finish', ms));
    if (readParked(databases).length > 0) await rest(RETRIES_MS);
    await this.#drive('idling', engines.idle(last));
    this.#check(world, last);
    if (readParked(databases).length > 0) return;
    await rest(SILENCE_MS);
    // A rival that has gone again had taken over, and the engine notices with its first write.
    if (last.ended === 'fenced') {
      const next = await this.#drive('settling again', this.#settle(world, engines));
      if (next !== null) await this.#finish(world, engines, next);
      return;
    }
    this.#checkRemembered(last);
    const before = databases.left.logged() + databases.right.logged();
    await rest(SILENCE_MS);
    const written = databases.left.logged() + databases.right.logged() - before;
    if (written > 0) this.#wrong.push(`nobody writes, and the logs grow by ${written} transactions`);
  }

  /** Nothing of what went by is kept. */
  #checkRemembered(last: Process): void {
    for (const [kind, entries] of Object.entries(last.sync?.remembered() ?? {})) {
      if (entries > 0) this.#wrong.push(`all is silent, and the engine remembers ${entries} ${kind}`);
    }
  }

  #check(world: World, last: Process): void {
    const { databases } = world;
    const pairs = readPairs(databases);
    const parked = readParked(databases);
    const views = this.#scenario.families.flatMap((family) => family.views);
    const differences = compareSides(databases, views, pairs);
    this.#wrong.push(...pairs.wrong, ...brokenConstraints(databases, this.#tables));
    for (const each of differences) {
      if (isOwed(each, parked)) continue;
      this.#wrong.push(`${each.link} ${each.left ?? '-'}/${each.right ?? '-'}: ${each.text}`);
    }
    for (const { target, link, sourceKey, code } of staleParked(parked, differences)) {
      this.#wrong.push(`${link} ${sourceKey} is parked for the ${target} side (${code}), and nothing is amiss`);
    }
    const crashed = this.#scenario.misfortune.crashes;
    const ending: Ending = {
      databases,
      writes: this.#writes,
      parked: parked.length,
      crashed,
      strict: this.#scenario.strict,
    };
    for (const family of this.#scenario.families) this.#wrong.push(...(family.check?.(ending) ?? []));
    const { directions } = last.sync?.status() ?? {};
    for (const [stream, { state }] of Object.entries(directions ?? {})) {
      // A reader that came back to a silent log has no news of its own success yet.
      if (state !== 'running' && state !== 'retrying') this.#wrong.push(`${stream} is ${state} in the end`);
    }
  }

  #outcome(world: World | null, engines: Engines | null): Outcome {
    const tables = this.#scenario.families.flatMap((family) => family.views.map((view) => view.table));
    const status =
      engines?.processes.flatMap((process) => Object.values(process.sync?.status().directions ?? {})) ?? [];
    return {
      seed: this.#seed,
      config: this.#config,
      wrong: this.#wrong,
      turns: this.#scheduler.turns,
      digest: this.#scheduler.digest,
      transactions: this.#transactions,
      conflicts: status.reduce((sum, { conflicts }) => sum + conflicts, 0),
      crashes: engines?.processes.filter(({ ended }) => ended === 'crashed').length ?? 0,
      parked: world === null ? 0 : readParked(world.databases).length,
      rows: world === null ? 0 : tables.reduce((sum, table) => sum + world.databases.left.rows(table).length, 0),
      deeds: this.#nemesis.deeds,
      log: (engines?.log ?? []).map(
        (line) => `${line.process} ${line.level} ${line.message} ${JSON.stringify(line.fields)}`,
      ),
      trace: this.#scheduler.trace,
    };
  }
}
