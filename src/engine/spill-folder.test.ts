import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { makeSpillFolder, removeSpillFolder, sweepSpillFolders } from './spill-folder.ts';

test('what a killed process left is removed; what a living one has, stays', () => {
  const own = makeSpillFolder();
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const named = (pid: number, host?: string): string => {
    const name = basename(own).replace(`-${process.pid}-`, `-${pid}-`);
    return join(dirname(own), host === undefined ? name : name.replace(/spill-[\w.]+-/, `spill-${host}-`));
  };
  const left = named(dead);
  const living = named(process.ppid);
  const elsewhere = named(dead, 'another_container');
  for (const folder of [left, living, elsewhere]) mkdirSync(folder);
  writeFileSync(join(left, '0'), 'rows');
  try {
    expect(sweepSpillFolders()).toBeGreaterThanOrEqual(1);
    expect([left, own, living, elsewhere].map((folder) => existsSync(folder))).toEqual([false, true, true, true]);
  } finally {
    for (const folder of [own, living, elsewhere]) removeSpillFolder(folder);
  }
});
