import { asTandemError } from '../model/error.ts';
import { pauseName, readPaused } from './control.ts';
import { takeControl, type Running } from './running.ts';
import { STREAMS } from './stations.ts';

/**
 * A pause ends by a row in the log of the left side. Where the reader of that log waits for room, because what is
 * paused fills the disk, nobody would ever read it: there the table is asked.
 */
export class Resumes {
  #asking = false;

  /** Waits for nothing. */
  look(running: Running): void {
    if (this.#asking || !running.full.left || !running.routes.some((route) => route.paused)) return;
    this.#asking = true;
    this.#ask(running)
      .catch((thrown: unknown) => {
        const { code, message } = asTandemError(thrown);
        running.context.log.debug({ code }, `${message}; asking again later`);
      })
      .finally(() => (this.#asking = false));
  }

  async #ask(running: Running): Promise<void> {
    const paused = await readPaused(running.endpoints.left, STREAMS);
    for (const { stream } of running.routes.filter((route) => route.paused && !paused.has(route.stream))) {
      takeControl(running, 'left', { name: pauseName(stream), value: 'no' });
    }
  }
}
