import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { compareSample } from '../../src/cli/demo/compare.ts';
import type { Connection, SampleEngine } from '../../src/cli/demo/database.ts';
import { createRandom } from '../../src/cli/demo/random.ts';
import { readWrites } from '../../src/cli/demo/writes.ts';
import { auditLedger } from '../faults/ledger.ts';
import { Nemesis } from './nemesis.ts';
import { openPlace, type Place } from './place.ts';
import { startWorker } from './process.ts';
import { look, type Sight, summarise } from './sight.ts';

// `npm run soak -- --minutes 60 [--right mariadb] [--seed 7]`: both sides written by independent processes, faults all
// the while; at the end silence, a comparison and the ledger. Exit code 1 where anything is wrong.

const betweenFaultsMs = 8_000;

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

async function soak(place: Place, minutes: number, seed: number): Promise<boolean> {
  const random = createRandom(seed);
  const nemesis = new Nemesis(place, random);
  await nemesis.engine.heard('started');
  const writers = startWorker({ kind: 'writers', sides: place.sides, seed });
  const stopSample = new AbortController();
  const sample = keepWriting(place, seed + 1, stopSample.signal);
  const sights: Sight[] = [];
  const began = performance.now();
  for (let passed = 0; passed < minutes * 60_000; passed = performance.now() - began) {
    const sparing = passed > minutes * 30_000;
    await nemesis.strike(sparing);
    await sleep(betweenFaultsMs / 2 + random.below(betweenFaultsMs));
    const sight = await look(place, nemesis.engine, sparing).catch(() => null);
    if (sight !== null) sights.push(sight);
    if (sights.length % 15 === 1) say(`${Math.round(passed / 60_000)} min: ${JSON.stringify(sight)}`);
  }
  say('the applications stop');
  writers.ask('stop');
  stopSample.abort();
  const { confirmed } = await writers.heard('written');
  say('the writers have stopped');
  await sample;
  say('the sample has stopped');
  await nemesis.heal();
  nemesis.engine.ask('idle');
  const { status } = await nemesis.engine.heard('idle');
  say('idle');
  await silence(place);
  const wrong = await place.look((connections) => auditLedger(connections, { confirmed }));
  const { differences, rows } = await place.look(({ left, right }) => compareSample(left, right));
  const echoes = await place.look(({ left, right }) => countEchoes(left, right));
  nemesis.engine.ask('stop');
  await nemesis.engine.ended;
  for (const line of [...wrong, ...differences.map((each) => JSON.stringify(each))].slice(0, 20)) say(line);
  const ledger = { left: confirmed.left.length, right: confirmed.right.length, wrong: wrong.length };
  const found = { rows, differences: differences.length, echoes, ledger, ...summarise(sights) };
  const last = { stuckEngines: nemesis.running, deeds: nemesis.deeds, directions: status.directions };
  process.stdout.write(`${JSON.stringify({ schema: 'tandem.soak/1', minutes, seed, ...found, ...last })}\n`);
  const parked = Object.values(status.directions).reduce((sum, direction) => sum + direction.parked, 0);
  return wrong.length + differences.length + echoes + parked + last.stuckEngines === 0;
}

/**
 * The sample's applications, begun anew with other people whenever a server goes away under them, and in the end killed
 * at whatever they are doing.
 */
async function keepWriting(place: Place, seed: number, signal: AbortSignal): Promise<void> {
  const stopped = once(signal, 'abort');
  for (let turn = 0; !signal.aborted; turn += 1) {
    const sample = startWorker({ kind: 'sample', sides: place.sides, seed: seed + 10 * turn });
    await Promise.race([sample.heard('ended').catch(() => undefined), stopped]);
    sample.signal('SIGKILL');
    await sample.ended;
  }
}

/**
 * Writes by the sync of rows that only the application of the same side has ever written. Rows that both have written
 * are left out: a side may be told a decision again after a crash.
 */
async function countEchoes(left: Connection, right: Connection): Promise<number> {
  const rows = await readWrites(left, right);
  return rows.reduce((sum, { byApplication, bySync }) => {
    if (byApplication.left > 0 && byApplication.right > 0) return sum;
    return sum + (byApplication.left > 0 ? bySync.left : bySync.right);
  }, 0);
}

/** Resolves once the sync has written nothing for three seconds. */
async function silence(place: Place): Promise<void> {
  const { left, right } = place.declaration;
  const count = () =>
    place.look(async (connections) => {
      const sum = async (side: 'left' | 'right', schema: string | undefined) =>
        connections[side].query(`SELECT sum(seq) AS n FROM ${schema}.checkpoint`);
      return JSON.stringify([await sum('left', left.stateSchema), await sum('right', right.stateSchema)]);
    });
  for (let before = ''; ; ) {
    const now = await count();
    if (now === before) return;
    before = now;
    await sleep(3_000);
  }
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    right: { type: 'string', default: 'mysql' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
say(`seed ${values.seed}`);
await using place = await openPlace(values.right as SampleEngine, say);
process.exitCode = (await soak(place, Number(values.minutes), Number(values.seed))) ? 0 : 1;
