import type { Side } from '../model/policy.ts';
import type { DirectionStatus, HealthCheck, Stream } from './sync-status.ts';
import type { Retention } from './retention.ts';

export interface SideFacts {
  readonly side: Side;
  /** Since the server last answered a question. */
  readonly silentMs: number;
  readonly failure: string | null;
  /** Since anything came on the connection that the log is read from; null where it is not read now. */
  readonly streamSilentMs: number | null;
  readonly retention: Retention;
}

export interface DirectionFacts {
  readonly stream: Stream;
  readonly state: DirectionStatus['state'];
  readonly lagMs: number | null;
  readonly error: string | null;
  /** Since attempts fail without one that succeeds; null where they do not. */
  readonly failingMs: number | null;
}

/** A server whose log is silent still says something every ten seconds. */
const STREAM_SILENCE_MIN_MS = 15_000;

/** Everything that is looked at, whether well or not. */
export function checkHealth(
  sides: readonly SideFacts[],
  directions: readonly DirectionFacts[],
  silenceMs: number,
): readonly HealthCheck[] {
  return [
    ...sides.flatMap((side) => [serverCheck(side, silenceMs), streamCheck(side, silenceMs), retentionCheck(side)]),
    ...directions
      .filter(({ state }) => state !== 'off')
      .flatMap((each) => [stateCheck(each, silenceMs), lagCheck(each)]),
  ];
}

function verdict(check: string, problem: readonly [code: string, message: string] | null, fine: string): HealthCheck {
  if (problem === null) return { check, ok: true, code: null, message: fine };
  return { check, ok: false, code: problem[0], message: problem[1] };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function serverCheck({ side, silentMs, failure }: SideFacts, silenceMs: number): HealthCheck {
  const isSilent = silentMs > silenceMs;
  const message = `the server has not answered for ${seconds(silentMs)}`;
  return verdict(`server:${side}`, isSilent ? [failure ?? 'TD4005', message] : null, 'the server answers');
}

/** A connection that went dead without a word: nobody would otherwise notice while there is nothing to read. */
function streamCheck({ side, streamSilentMs }: SideFacts, silenceMs: number): HealthCheck {
  const isSilent = streamSilentMs !== null && streamSilentMs > Math.max(silenceMs, STREAM_SILENCE_MIN_MS);
  const message = `nothing has come from the log for ${seconds(streamSilentMs ?? 0)}, not even a sign of life`;
  return verdict(`log:${side}`, isSilent ? ['TD6053', message] : null, 'the log shows signs of life');
}

function retentionCheck({ side, retention }: SideFacts): HealthCheck {
  const { level, used, secondsLeft } = retention;
  const left = secondsLeft === null ? '' : `, ${Math.round(secondsLeft)} s left at this pace`;
  const message = `${Math.round(used * 100)} % of the log that the source may keep is in use${left}`;
  return verdict(`retention:${side}`, level === 'critical' ? ['TD6052', message] : null, message);
}

function stateCheck({ stream, state, error, failingMs }: DirectionFacts, silenceMs: number): HealthCheck {
  const check = `direction:${stream}`;
  if (state === 'stopped') return verdict(check, [error ?? 'TD9002', 'a table group has stopped'], '');
  if (state === 'recovering') return verdict(check, ['TD6054', 'both logs are read again up to the checkpoints'], '');
  const isFailing = failingMs !== null && failingMs > silenceMs;
  const message = `attempts have failed for ${seconds(failingMs ?? 0)}`;
  return verdict(check, isFailing ? [error ?? 'TD4005', message] : null, `the direction is ${state}`);
}

function lagCheck({ stream, lagMs }: DirectionFacts): HealthCheck {
  const check = `lag:${stream}`;
  if (lagMs !== null) return verdict(check, null, `${seconds(lagMs)} behind`);
  return verdict(check, ['TD6055', 'nobody can tell how far behind it is'], '');
}
