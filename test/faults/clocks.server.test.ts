import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unpackFromDebian } from '../../src/cli/demo/servers/debian.ts';
import { check } from '../../src/engine/checks.ts';
import { prepare } from '../../src/engine/prepare.ts';
import type { Sync } from '../../src/engine/sync-status.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { Side } from '../../src/model/policy.ts';
import type { SamplePair } from '../sample-pair.ts';
import { isForeign, startServer } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';

// Clocks an hour apart, and one that steps back while the sync runs. Which value wins may then surprise; that both
// sides hold the same one, and that a write never loses to one that it has seen, does not depend on clocks.

/** A clock of a server's own, for programs that ask the C library what time it is. */
interface Clock extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  /** Shifts it against the machine's clock, within a second. */
  shift(hours: number): Promise<void>;
}

async function openClock(library: string): Promise<Clock> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-clock-'));
  const file = join(folder, 'clock');
  // PostgreSQL runs as another user where this process is root.
  await chmod(folder, 0o755);
  const shift = (hours: number) => writeFile(file, `${hours >= 0 ? '+' : ''}${hours}h\n`, { mode: 0o644 });
  await shift(0);
  return {
    // Only the calendar: timers go by the monotonic clock, and a server must not fall asleep over them.
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    shift,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function findLibrary(): Promise<string> {
  const wanted = { name: 'faketime', package: 'libfaketime', suite: 'own' } as const;
  const { root } = await unpackFromDebian(wanted, (line) => console.info(line));
  const files = await readdir(root, { recursive: true });
  const library = files.find((file) => file.endsWith('/libfaketime.so.1'));
  if (library === undefined) throw new Error(`Debian's libfaketime holds no libfaketime.so.1`);
  return join(root, library);
}

const registersOf = ({ connections }: SamplePair, side: Side) =>
  connections[side].query('SELECT value FROM registers WHERE id = 0');

/** Both sides take turns with one row; whoever writes has seen what the other wrote. */
async function takeTurns(pair: SamplePair, sync: Sync, round: string): Promise<void> {
  for (const side of ['left', 'right', 'left'] as const) {
    const value = `${round} ${side}`;
    await pair.connections[side].execute('UPDATE registers SET value = ? WHERE id = 0', [value]);
    await sync.idle();
    expect([await registersOf(pair, 'left'), await registersOf(pair, 'right')]).toEqual([[{ value }], [{ value }]]);
  }
}

for (const engine of ['mysql', 'mariadb'] as const) {
  const runnable = process.platform === 'linux' && !isForeign('postgres') && !isForeign(engine);
  describe.skipIf(!runnable)(`clocks of PostgreSQL and ${engine}`, () => {
    test('apart and stepping, decide nothing that was decided', { timeout: 240_000 }, async () => {
      const library = await findLibrary();
      await using clockLeft = await openClock(library);
      await using clockRight = await openClock(library);
      await using left = await startServer('postgres', { env: clockLeft.env });
      // MySQL takes minutes to start with a clock of its own: it waits by one clock for what it measured by another.
      const isMoved = engine === 'mariadb';
      await using right = await startServer(engine, isMoved ? { env: clockRight.env } : {});
      await using pair = await openFaultPair({ left, right });
      expect(await clockFindings(pair)).toEqual([]);
      const sync = await pair.start();
      const writers = createWriters(pair.sides, 11);
      await clockLeft.shift(1);
      await expect.poll(() => hoursApart(pair), { timeout: 60_000 }).toBe(1);
      // A new connection's process may keep the time that it was born with for a moment.
      await expect.poll(() => clockFindings(pair), { timeout: 60_000 }).toMatchObject([{ severity: 'warning' }]);
      await takeTurns(pair, sync, 'left ahead');
      await whileWriting(async () => {
        await progress(pair);
        await clockRight.shift(1);
        await clockLeft.shift(-1);
        await expect.poll(() => hoursApart(pair), { timeout: 60_000 }).toBe(isMoved ? -2 : -1);
        await progress(pair);
        await clockRight.shift(0);
        await expect.poll(() => hoursApart(pair), { timeout: 60_000 }).toBe(-1);
        await progress(pair);
      }, writers);
      await takeTurns(pair, sync, 'left behind');
      await expectInStep(pair, sync, writers);
    });
  });
}

/** What `tandem check` says of the clocks. */
async function clockFindings(pair: SamplePair): Promise<readonly Finding[]> {
  await using prepared = await prepare(pair.declaration, pair.context);
  return (await check(prepared, pair.context)).findings.filter(({ code }) => code === 'TD6056');
}

async function hoursApart({ connections }: SamplePair): Promise<number> {
  const [left] = await connections.left.query('SELECT extract(epoch FROM now())::int AS s');
  const [right] = await connections.right.query('SELECT unix_timestamp() AS s');
  return Math.round((Number(left?.['s']) - Number(right?.['s'])) / 3600);
}
