import type { Context } from '../model/context.ts';
import type { Side } from '../model/policy.ts';
import type { KeptLog } from '../model/vitals.ts';

export type RetentionLevel = 'fine' | 'warn' | 'throttle' | 'critical';

/** How close a source is to losing log that Tandem still needs, or to filling its disk for it. */
export interface Retention {
  readonly level: RetentionLevel;
  /** Of what may be kept, how much is: 1 = the next thing to happen is the loss. */
  readonly used: number;
  /** At the present pace; null where it does not shrink, or nothing is ever lost. */
  readonly secondsLeft: number | null;
}

/** What the guard knows beside the server's answer. */
export interface Needs {
  /** How long ago the log went beyond what Tandem still needs; 0 = nothing beyond it. */
  readonly ageMs: number;
  /** The file that was being written then; null where the log has no files, or there is none. */
  readonly file: string | null;
  /** Bytes by which the retained log grows in a millisecond. */
  readonly growth: number;
  /** Where the server itself has no limit, the log that it may have to keep (limits.retainedBytes). */
  readonly retainedBytesMax: number;
}

const LEVELS: readonly (readonly [RetentionLevel, number])[] = [
  ['critical', 0.9],
  ['throttle', 0.7],
  ['warn', 0.5],
];

/** The guard's judgement of one answer. */
export function assess(kept: KeptLog, needs: Needs): Retention {
  switch (kept.kind) {
    case 'all':
      return { level: 'fine', used: 0, secondsLeft: null };
    case 'slot':
      return assessSlot(kept, needs);
    case 'files':
      return assessFiles(kept, needs);
  }
}

function assessSlot(kept: KeptLog & { readonly kind: 'slot' }, { growth, retainedBytesMax }: Needs): Retention {
  if (kept.state === 'lost' || kept.state === 'missing') return { level: 'critical', used: 1, secondsLeft: 0 };
  const safeBytes = Math.max(0, kept.safeBytes ?? retainedBytesMax - kept.retainedBytes);
  const secondsLeft = growth > 0 ? safeBytes / growth / 1_000 : null;
  // Nothing is safe any more, whatever the numbers say.
  if (kept.state === 'unreserved') return { level: 'critical', used: 1, secondsLeft: secondsLeft ?? 0 };
  const used = kept.retainedBytes / Math.max(1, kept.retainedBytes + safeBytes);
  return { level: levelOf(used), used, secondsLeft };
}

function assessFiles(kept: KeptLog & { readonly kind: 'files' }, { ageMs, file }: Needs): Retention {
  if (ageMs === 0) return { level: 'fine', used: 0, secondsLeft: null };
  const from = file === null ? 0 : kept.files.findIndex(({ name }) => name === file);
  if (from < 0) return { level: 'critical', used: 1, secondsLeft: 0 };
  const bytes = kept.files.slice(from).reduce((sum, each) => sum + each.bytes, 0);
  const byTime = kept.expireMs === null ? 0 : ageMs / kept.expireMs;
  const bySize = kept.bytesMax === null ? 0 : bytes / kept.bytesMax;
  const used = Math.min(1, Math.max(byTime, bySize));
  const leftMs = [
    ...(kept.expireMs === null ? [] : [kept.expireMs - ageMs]),
    ...(kept.bytesMax === null || bytes === 0 ? [] : [((kept.bytesMax - bytes) * ageMs) / bytes]),
  ];
  const secondsLeft = leftMs.length === 0 ? null : Math.max(0, Math.min(...leftMs)) / 1_000;
  return { level: levelOf(used), used, secondsLeft };
}

function levelOf(used: number): RetentionLevel {
  return LEVELS.find(([, from]) => used >= from)?.[0] ?? 'fine';
}

const GROWTH_WINDOW_MS = 60_000;

/** Follows one side's log over time and says so, once, when the danger changes. */
export class RetentionGuard {
  readonly #side: Side;
  readonly #context: Context;
  #history: { readonly atMs: number; readonly bytes: number }[] = [];
  #now: Retention = { level: 'fine', used: 0, secondsLeft: null };

  constructor(side: Side, context: Context) {
    this.#side = side;
    this.#context = context;
  }

  get now(): Retention {
    return this.#now;
  }

  look(kept: KeptLog, needs: Omit<Needs, 'growth'>): void {
    const before = this.#now.level;
    this.#now = assess(kept, { ...needs, growth: this.#growth(kept) });
    if (this.#now.level !== before) this.#tell();
  }

  #growth(kept: KeptLog): number {
    if (kept.kind !== 'slot') return 0;
    const atMs = this.#context.nowMs();
    this.#history.push({ atMs, bytes: kept.retainedBytes });
    this.#history = this.#history.filter((each) => atMs - each.atMs <= GROWTH_WINDOW_MS);
    const [first] = this.#history;
    if (first === undefined || first.atMs === atMs) return 0;
    return (kept.retainedBytes - first.bytes) / (atMs - first.atMs);
  }

  #tell(): void {
    const { level, used, secondsLeft } = this.#now;
    const { log } = this.#context;
    const left = secondsLeft === null ? null : Math.round(secondsLeft);
    const fields = { side: this.#side, retention: level, usedPercent: Math.round(used * 100), secondsLeft: left };
    if (level === 'fine') return log.info(fields, 'the source keeps enough of its log again');
    const time = left === null ? '' : `, ${left} s left at this pace`;
    const message = `${fields.usedPercent} % of the log that the source may keep is in use${time}`;
    log[level === 'warn' ? 'warn' : 'error']({ code: 'TD6052', ...fields }, message);
  }
}
