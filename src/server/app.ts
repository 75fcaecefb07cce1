import { Hono } from 'hono';
import { nextCommands, type StoredStatus } from '../engine/status.ts';
import type { HealthCheck, Sync } from '../engine/sync-status.ts';
import { asTandemError } from '../model/error.ts';
import { requireLoopbackName, requireToken } from './guard.ts';
import type { Metrics } from './metrics.ts';

/** What the endpoints show. All of it may be asked at any moment. */
export interface Shown {
  /** null while the engine starts. */
  readonly sync: () => Sync | null;
  readonly metrics: () => Metrics | null;
  /** What the databases hold. Rejects where they cannot be asked. */
  readonly stored: () => Promise<StoredStatus>;
  readonly token: string | undefined;
}

const STARTING: HealthCheck = { check: 'engine', ok: false, code: 'TD6054', message: 'the engine is starting' };

/** Probes are open to whoever can reach them and say yes or no; what tells more needs the token, if there is one. */
export function createApp({ sync, metrics, stored, token }: Shown): Hono {
  const app = new Hono();
  const guard = token === undefined ? requireLoopbackName : requireToken(token);
  if (token === undefined) app.use(guard);
  app.get('/livez', (context) => context.text('ok\n'));
  app.get('/readyz', async (context, next) => {
    if (context.req.query('verbose') !== undefined) return guard(context, next);
    return next();
  });
  app.get('/readyz', (context) => {
    const checks = checksOf(sync());
    const isReady = checks.every(({ ok }) => ok);
    const isVerbose = context.req.query('verbose') !== undefined;
    const text = isVerbose ? checks.map(lineOf).join('') : '';
    return context.text(`${text}${isReady ? 'ready' : 'not ready'}\n`, isReady ? 200 : 503);
  });
  app.use('/metrics', guard);
  app.get('/metrics', async (context) => {
    const found = metrics();
    if (found === null) return context.text('the engine is starting\n', 503);
    return context.body(await found.text(), 200, { 'Content-Type': found.contentType });
  });
  app.use('/status', guard);
  app.get('/status', async (context) => {
    const running = sync()?.status() ?? null;
    try {
      const found = await stored();
      return context.json({ schema: 'tandem.status/1', ...found, running, next: nextCommands(found) });
    } catch (thrown) {
      // Where a database is away, what the engine itself knows is what is looked for.
      return context.json({ schema: 'tandem.error/1', errors: [asTandemError(thrown)], running }, 503);
    }
  });
  app.notFound((context) => context.text('there is /livez, /readyz?verbose, /metrics and /status\n', 404));
  return app;
}

function checksOf(sync: Sync | null): readonly HealthCheck[] {
  if (sync === null) return [STARTING];
  const { state, lastError, checks } = sync.status();
  const engine = { check: 'engine', ok: state === 'running', message: `the engine is ${state}` };
  return [{ ...engine, code: lastError?.code ?? null }, ...checks];
}

/** As Kubernetes' own servers write it. */
function lineOf({ check, ok, code, message }: HealthCheck): string {
  return ok ? `[+] ${check}: ${message}\n` : `[-] ${check}: ${code ?? ''} ${message}\n`;
}
