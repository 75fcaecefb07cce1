import type { Random } from './random.ts';

/** Something that waits for its turn; whose it is decides whether it survives a crash. */
interface Task {
  readonly name: string;
  readonly owner: string;
  readonly resume: () => void;
}

interface Timer {
  readonly atMs: number;
  readonly task: Task;
}

/** What a server goes on with after its client has died. */
const SERVER_STEPS = new Set(['visible', 'end', 'abandoned', 'locked']);
/** How often a slow task may be passed over in one turn. */
const PASSES_MAX = 4;

/**
 * The one owner of every await of a simulation. Whoever waits (for a database's step, for a sleep to end) is a task; in
 * each turn one task that is ready is picked by the seeded random, and runs until everything waits again. Time is
 * virtual: it creeps on with the turns and jumps to the next timer when nobody is ready. Nothing in a run may wait for
 * anything real, so that the same seed is the same run.
 */
export class Scheduler {
  readonly #random: Random;
  #ready: Task[] = [];
  #timers: Timer[] = [];
  readonly #dead = new Set<string>();
  /** Until which turn tasks whose name contains the text are held back. */
  readonly #held = new Map<string, number>();
  /** How readily tasks whose name ends in the text are picked: 1 = at once. */
  readonly #paces = new Map<string, number>();
  #turns = 0;
  #nowMs = Date.UTC(2026, 0, 1);
  #digest = 0;
  /** Names of the last turns, for a failure's report. */
  readonly trace: string[] = [];
  traceMax = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get turns(): number {
    return this.#turns;
  }

  /** A fingerprint of the whole schedule so far: equal for equal runs. */
  get digest(): number {
    return this.#digest;
  }

  /** The yield point of a memory database: names are `database.client.operation`. */
  readonly yieldPoint = (name: string): Promise<void> => {
    const [, client = '', operation = ''] = name.split('.');
    return this.#wait(name, SERVER_STEPS.has(operation) ? 'server' : client);
  };

  /** A step of the simulation itself. */
  step(name: string): Promise<void> {
    return this.#wait(name, 'simulation');
  }

  /** As Context.sleep, for the engine or writer that owns it. */
  sleep(owner: string, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#dead.has(owner)) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const timer: Timer = {
        atMs: this.#nowMs + Math.max(0, ms),
        task: { name: `${owner}.wake`, owner, resume: () => finish(resolve) },
      };
      const abort = (): void => {
        this.#timers = this.#timers.filter((candidate) => candidate !== timer);
        this.#ready = this.#ready.filter((candidate) => candidate !== timer.task);
        finish(() => reject(signal?.reason as Error));
      };
      const finish = (end: () => void): void => {
        signal?.removeEventListener('abort', abort);
        end();
      };
      signal?.addEventListener('abort', abort);
      this.#timers.push(timer);
    });
  }

  /** The process has died: nothing it waits for ever comes. */
  kill(owner: string): void {
    this.#dead.add(owner);
    this.#ready = this.#ready.filter((task) => task.owner !== owner);
    this.#timers = this.#timers.filter(({ task }) => task.owner !== owner);
  }

  /** Holds tasks whose name contains `part` back for some turns. */
  hold(part: string, turns: number): void {
    this.#held.set(part, this.#turns + turns);
  }

  /** Tasks whose name ends in `ending` are picked less readily than others. */
  pace(ending: string, pace: number): void {
    this.#paces.set(ending, pace);
  }

  /** Everybody runs as freely as everybody else. */
  release(): void {
    this.#held.clear();
    this.#paces.clear();
  }

  /** Runs turns until `done`. False where that takes more than `turnsMax`, or where nobody has anything left to do. */
  async run(done: () => boolean, turnsMax: number): Promise<boolean> {
    const end = this.#turns + turnsMax;
    for (;;) {
      // All that follows from the last turn without waiting for another one happens here.
      await new Promise((resolve) => setImmediate(resolve));
      if (done()) return true;
      if (this.#turns >= end) return false;
      const task = this.#next();
      if (task === null) return false;
      this.#turns++;
      if (this.#random.chance(0.3)) this.#nowMs++;
      this.#note(task.name);
      task.resume();
    }
  }

  #wait(name: string, owner: string): Promise<void> {
    if (this.#dead.has(owner)) return new Promise(() => undefined);
    return new Promise((resolve) => this.#ready.push({ name, owner, resume: resolve }));
  }

  #next(): Task | null {
    this.#wakeDue();
    if (this.#ready.length === 0) {
      const soonest = this.#timers.reduce((atMs, timer) => Math.min(atMs, timer.atMs), Infinity);
      if (soonest === Infinity) return null;
      this.#nowMs = Math.max(this.#nowMs, soonest);
      this.#wakeDue();
    }
    const free = this.#held.size === 0 ? this.#ready : this.#ready.filter((task) => !this.#isHeld(task));
    if (free.length === 0) this.#held.clear();
    const task = this.#choose(free.length === 0 ? this.#ready : free);
    this.#ready.splice(this.#ready.indexOf(task), 1);
    return task;
  }

  #choose(tasks: readonly Task[]): Task {
    let task = this.#random.pick(tasks);
    for (let pass = 0; pass < PASSES_MAX && this.#isPassedOver(task); pass++) task = this.#random.pick(tasks);
    return task;
  }

  #isPassedOver({ name }: Task): boolean {
    for (const [ending, pace] of this.#paces) if (name.endsWith(ending)) return !this.#random.chance(pace);
    return false;
  }

  #isHeld({ name }: Task): boolean {
    for (const [part, until] of this.#held) {
      if (until <= this.#turns) this.#held.delete(part);
      else if (name.includes(part)) return true;
    }
    return false;
  }

  #wakeDue(): void {
    const due = this.#timers.filter((timer) => timer.atMs <= this.#nowMs);
    if (due.length === 0) return;
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.#nowMs);
    for (const { task } of due) this.#ready.push(task);
  }

  #note(name: string): void {
    let digest = this.#digest;
    for (let at = 0; at < name.length; at++) digest = (Math.imul(digest, 31) + name.charCodeAt(at)) | 0;
    this.#digest = (Math.imul(digest, 31) + this.#nowMs) | 0;
    if (this.traceMax === 0) return;
    this.trace.push(name);
    if (this.trace.length > this.traceMax) this.trace.shift();
  }
}
