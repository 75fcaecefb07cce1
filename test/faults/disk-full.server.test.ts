import { execFile } from 'node:child_process';
import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { otherSide, type Side } from '../../src/model/policy.ts';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import { isForeign, startServer } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair } from './stage.ts';

// A target without room for one more page: nothing is parked, nothing is lost, and all of it arrives once there is
// room.

const run = promisify(execFile);
const nobody = createWriters({ left: { engine: 'postgres', url: '' }, right: { engine: 'mysql', url: '' } }, 0);
const blockBytes = 64 * 1024;
const rows = 20_000;

/** A disk of a few hundred megabytes, in memory. */
interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Leaves no room at all. */
  fill(): Promise<void>;
  makeRoom(): Promise<void>;
}

async function mountDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tandem', folder]);
  await chmod(folder, 0o755);
  const filler = join(folder, 'filler');
  return {
    folder,
    async fill() {
      await using file = await open(filler, 'a');
      const block = Buffer.alloc(blockBytes);
      // The last blocks are filled with ever smaller ones.
      for (let bytes = blockBytes; bytes >= 1; ) {
        await file.write(block, 0, bytes).catch(() => (bytes = Math.floor(bytes / 2)));
      }
    },
    makeRoom: () => rm(filler),
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', folder]);
      await rm(folder, { recursive: true });
    },
  };
}

async function mayMount(): Promise<boolean> {
  try {
    await using _ = await mountDisk(1);
    return true;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.warn('SKIPPED: a full disk\nmounting a small disk takes root: run the tests as root, or in a container');
    return false;
  }
}

/**
 * Table spaces on the small disk, binary logs beside it: those are the source's concern, and stop a server for long.
 */
async function startSmall(engine: 'postgres' | 'mysql' | 'mariadb', disk: SmallDisk, logs: string): Promise<Server> {
  const settings = { log_bin: join(logs, `${engine}-binlog`) };
  return startServer(engine, engine === 'postgres' ? { root: disk.folder } : { root: disk.folder, settings });
}

const cases = [
  { target: 'left', full: 'postgres', other: 'mysql' },
  { target: 'right', full: 'mysql', other: 'postgres' },
  { target: 'right', full: 'mariadb', other: 'postgres' },
] as const;

describe.skipIf(!(await mayMount()))('a full disk', () => {
  for (const { target, full, other } of cases) {
    test.skipIf(isForeign(full) || isForeign(other))(
      `on the target (${full}) is waited for`,
      { timeout: 240_000 },
      async () => {
        await using disk = await mountDisk(600);
        const logs = await mkdtemp(join(tmpdir(), 'tandem-logs-'));
        await using fullServer = await startSmall(full, disk, logs);
        await using otherServer = await startServer(other);
        const servers = { [target]: fullServer, [otherSide(target)]: otherServer } as Record<Side, Server>;
        await using pair = await openFaultPair(servers);
        const sync = await pair.start();
        const source = pair.connections[otherSide(target)];
        await disk.fill();
        const values = Array.from({ length: rows }, (_, at) => `(${2 * at + (target === 'left' ? 2 : 1)}, 'x')`);
        await source.execute(`INSERT INTO ledger VALUES ${values.join(', ')}`);
        const refusals = () => pair.log.filter(({ code }) => code === 'TD7009');
        await expect.poll(refusals, { timeout: 120_000 }).not.toEqual([]);
        expect(Object.values(sync.status().directions).map(({ parked }) => parked)).toEqual([0, 0]);
        await disk.makeRoom();
        await expectInStep(pair, sync, nobody);
        await rm(logs, { recursive: true, force: true });
      },
    );
  }
});
