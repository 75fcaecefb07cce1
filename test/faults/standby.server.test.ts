import { expect, test } from 'vitest';
import { openHome } from '../sample-process.ts';
import { describeServers } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';

// The lock by which a standby waits is in the left database.
const pairs = [
  { left: 'postgres', right: 'mysql' },
  { left: 'mysql', right: 'postgres' },
  { left: 'mariadb', right: 'postgres' },
] as const;

for (const { left, right } of pairs) {
  await describeServers(`a standby for ${left} and ${right}`, { left, right }, (servers) => {
    test('waits while another engine runs, and takes over when it stops', { timeout: 120_000 }, async () => {
      await using pair = await openFaultPair(servers);
      const writers = createWriters(pair.sides, 21);
      const active = await pair.start();
      const said = (message: string) => pair.log.filter((line) => line.message.startsWith(message)).length;
      let running = active;
      await whileWriting(async () => {
        const waiting = pair.start({ standby: true });
        await expect.poll(() => said('standing by'), { timeout: 60_000 }).toBe(1);
        await progress(pair);
        expect(active.status().state).toBe('running');
        await active.stop();
        running = await waiting;
        await progress(pair);
      }, writers);
      expect([said('standing by'), said('the other engine is gone')]).toEqual([1, 1]);
      await expectInStep(pair, running, writers);
    });

    test('lets itself be called off', { timeout: 60_000 }, async () => {
      await using pair = await openFaultPair(servers);
      await pair.start();
      const stop = new AbortController();
      const waiting = pair.start({ standby: true, signal: stop.signal });
      const ended = waiting.catch((thrown: unknown) => thrown);
      const isWaiting = () => pair.log.some(({ message }) => message.startsWith('standing by'));
      await expect.poll(isWaiting, { timeout: 30_000 }).toBe(true);
      stop.abort('enough');
      expect(await ended).toBe('enough');
    });
  });
}

await describeServers('processes that stand by', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('take over from one that was stopped, which exits once it wakes', { timeout: 240_000 }, async () => {
    await using pair = await openFaultPair(servers);
    await using home = await openHome(pair);
    const writers = createWriters(pair.sides, 22);
    await whileWriting(async () => {
      const older = home.run('--standby');
      await progress(pair, 1, older);
      const younger = home.run('--standby');
      await expect.poll(() => younger.talk(), { timeout: 60_000 }).toContain('standing by');
      older.send('SIGSTOP');
      await progress(pair, 1, younger);
      expect(younger.talk()).toContain('the other engine is gone');
      older.send('SIGCONT');
      expect(await older.ended, older.talk()).toEqual([1, null]);
      expect(older.talk()).toContain('TD9001');
      await progress(pair, 1, younger);
      younger.send('SIGTERM');
      expect(await younger.ended, younger.talk()).toEqual([0, null]);
    }, writers);
    await expectInStep(pair, await pair.start(), writers);
  });
});
