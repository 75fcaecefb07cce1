import type { Sync } from '../../src/engine/sync-status.ts';
import type { Context } from '../../src/model/context.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import { asTandemError } from '../../src/model/error.ts';
import type { Side } from '../../src/model/policy.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { World } from './world.ts';

/** One process that runs an engine, from its first connection to its end. */
export interface Process {
  readonly name: string;
  endpoints: Record<Side, Endpoint> | null;
  sync: Sync | null;
  /** Why it ended; null while it runs. */
  ended: 'crashed' | 'stopped' | 'fenced' | 'gave up' | null;
  /** Resolves when it crashes: nothing else that waits for it would ever end. */
  readonly death: Promise<void>;
  readonly die: () => void;
}

export interface LogLine {
  readonly process: string;
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

/** Starts processes, ends them in every way there is, and notes what none of them may end with. */
export class Engines {
  readonly #world: World;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly processes: Process[] = [];
  readonly wrong: string[] = [];
  readonly log: LogLine[] = [];
  #made = 0;

  constructor(world: World, scheduler: Scheduler, random: Random) {
    this.#world = world;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  get running(): Process[] {
    return this.processes.filter((process) => process.ended === null);
  }

  get crashed(): boolean {
    return this.processes.some(({ ended }) => ended === 'crashed');
  }

  /** A new process; resolves when its engine runs, or when it has ended before that. */
  async start(): Promise<Process> {
    let die = (): void => undefined;
    const death = new Promise<void>((resolve) => {
      die = resolve;
    });
    const name = `engine${++this.#made}`;
    const process: Process = { name, endpoints: null, sync: null, ended: null, death, die };
    this.processes.push(process);
    await Promise.race([this.#boot(process), death]);
    return process;
  }

  async #boot(process: Process): Promise<void> {
    const context = this.#contextOf(process);
    try {
      process.endpoints = await this.#world.open(process.name, context);
      process.sync = await this.#world.run(process.endpoints, context);
      process.sync.finished.then(
        () => (process.ended ??= 'stopped'),
        (thrown: unknown) => this.#end(process, thrown),
      );
    } catch (thrown) {
      this.#end(process, thrown);
    }
  }

  /** The process dies between two steps: its connections break, and no line of its code runs any more. */
  crash(process: Process): void {
    process.ended = 'crashed';
    process.die();
    this.#scheduler.kill(process.name);
    for (const side of ['left', 'right'] as const) {
      if (process.endpoints !== null) this.#world.databases[side].crash(process.endpoints[side]);
    }
  }

  async stop(process: Process): Promise<void> {
    await Promise.race([process.sync?.stop(), process.death]);
  }

  /** Resolves when it has nothing left to do, or has ended. */
  async idle(process: Process): Promise<void> {
    await Promise.race([process.sync?.idle(), process.death]).catch(() => undefined);
  }

  #end(process: Process, thrown: unknown): void {
    if (process.ended !== null) return;
    const error = asTandemError(thrown);
    process.ended = error.code === 'TD9001' ? 'fenced' : 'gave up';
    // A process that could not even start may be started again; one that ran ends because another took over. It may
    // learn that from the log, of which the other has let go what it has not read itself.
    const isRivalled = this.running.length > 0 || this.processes.at(-1) !== process;
    const isOvertaken = error.code === 'TD9001' || (isRivalled && error.class === 'history');
    const isExcused = isOvertaken || (process.sync === null && error.class === 'transient');
    if (!isExcused) this.wrong.push(`${process.name} ended with ${error.code}: ${error.message}\n${error.stack ?? ''}`);
  }

  #contextOf({ name }: Process): Context {
    const note = (level: string) => (fields: object, message: string) => {
      this.log.push({ process: name, level, message, fields });
    };
    return {
      nowMs: () => this.#scheduler.nowMs,
      random: this.#random.next,
      sleep: (ms, signal) => this.#scheduler.sleep(name, ms, signal),
      log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
      spillFolder: '/nowhere',
    };
  }
}
