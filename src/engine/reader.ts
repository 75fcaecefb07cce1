import type { Position, Positions, Transaction } from '../model/change.ts';
import type { Context } from '../model/context.ts';
import type { Source } from '../model/endpoint.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import type { Recogniser } from '../pipeline/recognise/recognise.ts';
import type { Recognised } from '../pipeline/recognise/recognised.ts';
import type { Timeline } from '../pipeline/lane/timeline.ts';
import { Backoff, isWorthRetrying } from './backoff.ts';
import type { RetryDelays } from './limits.ts';

/** A marker of ours that the log must show by a certain place, or the state tables are hidden from it (self-test). */
export interface ExpectedMarker {
  readonly isSeen: () => boolean;
  readonly by: Position;
}

export interface ReaderOptions {
  readonly side: Side;
  readonly source: Source;
  readonly positions: Positions;
  readonly recogniser: Recogniser;
  readonly opposite: Timeline;
  readonly context: Context;
  readonly retries: RetryDelays;
  readonly start: Position;
  readonly markers: readonly ExpectedMarker[];
  /** An attempt failed and is made again. */
  readonly onRetry: (error: TandemError) => void;
  /** Takes what a transaction turned out to be. Waits for the disk at most, never for an applier. */
  readonly deliver: (recognised: Recognised, transaction: Transaction) => Promise<void>;
  /** Throws TD9001 where this engine was replaced; asked before the log is read again. */
  readonly verifyLease: () => Promise<void>;
}

/** An attempt that lasts for longer had a connection. */
const ATTEMPT_MAX_MS = 15_000;

/** One side's log, read from `start` to the end of the sync, across lost connections. */
export class Reader {
  readonly #options: ReaderOptions;
  /** Everything up to here was delivered. */
  #taken: Position;
  /** The same, but never in the middle of a transaction. */
  #whole: Position;
  #markers: readonly ExpectedMarker[];
  #failure: { readonly error: TandemError; readonly sinceMs: number } | null = null;
  readonly #backoff: Backoff;
  /** Until the first new transaction after a connection, what comes may have been taken already. */
  #mayRepeat = true;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.context, options.retries, { side: options.side, stage: 'capture' });
    this.#taken = options.start;
    this.#whole = options.start;
    this.#markers = options.markers;
  }

  /** What attempts fail with, and since when (milliseconds since 1970); null while the log is being read. */
  get failure(): { readonly error: TandemError; readonly sinceMs: number } | null {
    return this.#failure;
  }

  get retrying(): boolean {
    return this.#failure !== null;
  }

  /** Everything up to here has been read, also where the log held nothing of interest. */
  get position(): Position {
    const { positions, source } = this.#options;
    const silent = source.position();
    return positions.covers(silent, this.#taken) && this.#taken === this.#whole ? silent : this.#taken;
  }

  /** Runs until the signal fires. Throws TandemError of class history, schema, fenced, setup or internal. */
  async run(signal: AbortSignal): Promise<void> {
    const { context } = this.#options;
    while (!signal.aborted) {
      const beganMs = context.nowMs();
      try {
        if (this.retrying) await this.#options.verifyLease();
        await this.#readOn(signal);
      } catch (thrown) {
        const error = asTandemError(thrown);
        if (signal.aborted) return;
        if (!isWorthRetrying(error)) throw error;
        const nowMs = context.nowMs();
        // Whoever read for a while has begun to fail only now.
        const isNew = this.#failure === null || nowMs - beganMs > ATTEMPT_MAX_MS;
        this.#failure = { error, sinceMs: isNew ? nowMs : (this.#failure?.sinceMs ?? nowMs) };
        this.#options.onRetry(error);
        await this.#backoff.wait(error, signal).catch(() => undefined);
      }
    }
  }

  #goesOn(): void {
    this.#failure = null;
    this.#backoff.reset();
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    const { source, positions, recogniser, opposite, deliver } = this.#options;
    this.#mayRepeat = true;
    for await (const transaction of source.read(this.#whole, signal)) {
      this.#goesOn();
      // After a lost connection the parts of a giant transaction that were taken come again.
      if (this.#mayRepeat && positions.covers(this.#taken, transaction.position)) continue;
      this.#mayRepeat = false;
      // The transaction at hand may be the marker's own.
      const { position } = transaction;
      this.#checkMarkers(({ by }) => positions.covers(position, by) && !positions.covers(by, position));
      const recognised = recogniser.take(transaction, opposite);
      this.#taken = transaction.position;
      if (transaction.last) this.#whole = transaction.position;
      await deliver(recognised, transaction);
    }
  }

  /** Called every now and then, also when the log is silent: then nothing else tells that it is read again. */
  look(): void {
    if (this.retrying && this.#options.source.isOpen) this.#goesOn();
    // A marker may be missing without anything coming after it.
    if (this.#markers.length > 0) this.#checkMarkers(({ by }) => this.#options.positions.covers(this.position, by));
  }

  #checkMarkers(isOverdue: (marker: ExpectedMarker) => boolean): void {
    if (this.#markers.length === 0) return;
    this.#markers = this.#markers.filter((marker) => !marker.isSeen());
    if (!this.#markers.some(isOverdue)) return;
    const { side } = this.#options;
    throw new TandemError('TD6008', `Tandem's own marker did not appear in the log of the ${side} side`, {
      expected: 'every write of tandem.checkpoint appears as a row change in the log',
      found: 'the log went past it without showing it',
      fix: 'Look for binlog_ignore_db, binlog_do_db, or a publication without the state tables (`tandem check`).',
      at: { side },
    });
  }
}
