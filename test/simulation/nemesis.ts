import type { Fault } from '../../src/databases/memory/store.ts';
import type { Side } from '../../src/model/policy.ts';
import type { Engines, Process } from './engines.ts';
import { decideConflicts, openConflicts } from './operator.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { World } from './world.ts';

const SIDES: readonly Side[] = ['left', 'right'];
const FAULTS: readonly Fault[] = ['before', 'after', 'lost'];
const TURNS_BETWEEN = 400;

/** Which kinds of bad luck a run has. */
export interface Misfortune {
  readonly crashes: boolean;
  readonly faults: boolean;
  readonly delays: boolean;
  readonly rivals: boolean;
  readonly clocks: boolean;
  readonly pauses: boolean;
}

/** Everything that goes wrong while the applications write, and its end. */
export class Nemesis {
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #misfortune: Misfortune;
  readonly #skewUs: Record<Side, number> = { left: 0, right: 0 };
  /** What was done, for a failure's report. */
  readonly deeds: string[] = [];
  #faultRate = 0;
  #over = false;

  constructor(random: Random, scheduler: Scheduler, misfortune: Misfortune) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#misfortune = misfortune;
  }

  /** Commit times of one database: never quite in the order of the log, and wrong by as much as its clock is. */
  clockUs(side: Side, wholeSeconds: boolean): () => number {
    return () => {
      const nowUs = this.#scheduler.nowMs * 1_000 + this.#skewUs[side] + this.#random.below(3_000);
      return wholeSeconds ? Math.floor(nowUs / 1_000_000) * 1_000_000 : nowUs;
    };
  }

  /** As the memory database asks before every operation of an engine. */
  readonly fault = (): Fault | null =>
    this.#faultRate > 0 && this.#random.chance(this.#faultRate) ? this.#random.pick(FAULTS) : null;

  /** Does something every now and then, until told to stop. */
  async run(world: World, engines: Engines): Promise<void> {
    while (!this.#over) {
      for (let turns = this.#random.below(TURNS_BETWEEN / 8); turns > 0 && !this.#over; turns--) {
        await this.#scheduler.step('nemesis');
      }
      if (!this.#over) await this.#strike(world, engines);
    }
  }

  /** Nothing goes wrong any more, and what was slowed down runs freely. */
  heal(): void {
    this.#over = true;
    this.#faultRate = 0;
    this.#scheduler.release();
  }

  async #strike(world: World, engines: Engines): Promise<void> {
    const { crashes, faults, delays, rivals, clocks, pauses } = this.#misfortune;
    const deeds = [
      ...(crashes ? ['crash', 'restart'] : []),
      ...(faults ? ['faults', 'cut'] : []),
      ...(delays ? ['hold', 'pace'] : []),
      ...(rivals ? ['rival'] : []),
      ...(clocks ? ['clock'] : []),
      ...(pauses ? ['pause'] : []),
      ...(openConflicts(world).length > 0 ? ['decide'] : []),
    ];
    const deed = this.#random.pick(deeds.length === 0 ? ['nothing'] : deeds);
    const victim = engines.running.at(-1);
    this.deeds.push(`${this.#scheduler.turns} ${deed} ${victim?.name ?? ''}`);
    if (deed === 'hold' || deed === 'pace') this.#slowDown(deed);
    else if (deed === 'faults') this.#faultRate = this.#random.pick([0, 0.005, 0.03, 0.15]);
    else if (deed === 'clock') this.#turnClock();
    else if (deed === 'pause') await this.#pause(world);
    else if (deed === 'decide') await decideConflicts(world, this.#random, openConflicts(world).slice(0, 1));
    else if (deed === 'rival' && engines.running.length < 3) void engines.start();
    else if (victim !== undefined) await this.#hurt(deed, victim, world, engines);
  }

  async #hurt(deed: string, victim: Process, world: World, engines: Engines): Promise<void> {
    if (deed === 'crash') engines.crash(victim);
    else if (deed === 'restart') await engines.stop(victim);
    else if (deed === 'cut' && victim.endpoints !== null) {
      const side = this.#random.pick(SIDES);
      world.databases[side].cut(victim.endpoints[side]);
    }
  }

  #slowDown(deed: 'hold' | 'pace'): void {
    const tasks = ['.read', '.commit', '.visible', '.begin', '.lock', '.wake'];
    if (deed === 'pace') this.#scheduler.pace(this.#random.pick(tasks), this.#random.pick([1, 0.3, 0.05]));
    else {
      const what = this.#random.pick(['left.engine', 'right.engine', 'left.application', 'right.application']);
      const part = what.endsWith('engine') && this.#random.chance(0.5) ? `.read` : what;
      this.#scheduler.hold(part, 50 + this.#random.below(600));
    }
  }

  #turnClock(): void {
    const hours = this.#random.pick([-1, 0, 0.001, 1]);
    this.#skewUs[this.#random.pick(SIDES)] = hours * 3_600_000_000;
  }

  async #pause(world: World): Promise<void> {
    const name = `paused:${this.#random.pick(['left->right', 'right->left'])}`;
    await ask(world, name, this.#random.chance(0.5) ? 'yes' : 'no');
  }
}

/** What an operator's pause or resume writes. */
export async function ask(world: World, name: string, value: 'yes' | 'no'): Promise<void> {
  const write = world.databases.left.transact(async (tx) => {
    if (!(await tx.update('tandem.control', { name }, { value }))) await tx.insert('tandem.control', { name, value });
  });
  // Somebody else may just be asking for the same; then it is asked again.
  await write.catch(() => ask(world, name, value));
}
