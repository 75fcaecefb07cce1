import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/cli/demo/random.ts';
import { createContext } from '../../src/engine/context.ts';
import { setPaused } from '../../src/engine/control.ts';
import { openEndpoints } from '../../src/engine/prepare.ts';
import type { Side } from '../../src/model/policy.ts';
import { declareSoak, type Place } from './place.ts';
import { startWorker, type Worker } from './process.ts';

const killings = ['kill engine', 'kill engine while it starts', 'second engine', 'stop engine'] as const;
const others = [
  'cut',
  'cut after some bytes',
  'delay',
  'freeze connections',
  'freeze engine',
  'pause',
  'kill server',
  'restart server',
  'nothing',
] as const;

type Deed = (typeof killings)[number] | (typeof others)[number];

/** Everything that goes wrong. Each deed is mended before the next one. */
export class Nemesis {
  readonly #place: Place;
  readonly #random: Random;
  /** How often each was done. */
  readonly deeds: Partial<Record<Deed, number>> = {};
  engine: Worker;
  readonly #started: Worker[] = [];

  constructor(place: Place, random: Random) {
    this.#place = place;
    this.#random = random;
    this.engine = this.#start();
  }

  /** One deed. `sparing`: the engine's process is left alive, so that its memory can be watched. */
  async strike(sparing: boolean): Promise<void> {
    const deed = this.#random.pick<Deed>(sparing ? others : [...killings, ...others]) ?? 'nothing';
    this.deeds[deed] = (this.deeds[deed] ?? 0) + 1;
    await this.#do(deed);
    if (!this.engine.isRunning) this.engine = this.#start();
  }

  /** An engine that runs on connections without faults. */
  async heal(): Promise<void> {
    if (!this.engine.isRunning) this.engine = this.#start();
    await this.engine.heard('started');
  }

  /** Engines' processes that are still there. */
  get running(): number {
    return this.#started.filter(({ isRunning }) => isRunning).length;
  }

  #start(): Worker {
    const engine = startWorker({ kind: 'engine', sides: this.#place.wired });
    this.#started.push(engine);
    return engine;
  }

  async #do(deed: Deed): Promise<void> {
    const side: Side = this.#random.chance(0.5) ? 'left' : 'right';
    const proxy = this.#place.proxies[side];
    switch (deed) {
      case 'kill engine':
        return this.#end('SIGKILL');
      case 'kill engine while it starts':
        await this.#end('SIGKILL');
        this.engine = this.#start();
        await sleep(this.#random.below(1_500));
        return this.#end('SIGKILL');
      case 'second engine':
        return this.#succeed();
      case 'stop engine':
        this.engine.ask('stop');
        await this.engine.ended;
        return;
      case 'cut':
        return proxy.cut();
      case 'cut after some bytes':
        return proxy.cutAfter(this.#random.below(20_000), this.#random.chance(0.5) ? 'toServer' : 'toClient');
      case 'delay':
        proxy.delay(this.#random.below(200));
        await sleep(3_000);
        return proxy.delay(0);
      case 'freeze connections':
        return proxy.freeze();
      case 'freeze engine':
        this.engine.signal('SIGSTOP');
        await sleep(this.#random.below(5_000));
        return this.engine.signal('SIGCONT');
      case 'pause':
        return this.#pause();
      case 'kill server':
        await this.#place.servers[side].kill();
        return this.#place.servers[side].start();
      case 'restart server':
        await this.#place.servers[side].stop();
        return this.#place.servers[side].start();
      case 'nothing':
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.engine.signal(signal);
    await this.engine.ended;
  }

  /** The older of two engines has to end by itself. */
  async #succeed(): Promise<void> {
    const older = this.engine;
    this.engine = this.#start();
    await Promise.race([older.ended, this.engine.ended]);
  }

  async #pause(): Promise<void> {
    using context = createContext({ level: 'silent' });
    await using endpoints = await openEndpoints(declareSoak(this.#place.sides), context);
    const stream = this.#random.chance(0.5) ? 'left->right' : 'right->left';
    await setPaused(endpoints.left, stream, true);
    await sleep(this.#random.below(5_000));
    await setPaused(endpoints.left, stream, false);
  }
}
