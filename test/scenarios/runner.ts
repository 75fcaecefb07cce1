import { expect, test } from 'vitest';
import { countEchoes, readWrites } from '../../src/cli/demo/writes.ts';
import type { Connection } from '../../src/cli/demo/database.ts';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import type { Sync } from '../../src/engine/sync-status.ts';
import type { Side } from '../../src/model/policy.ts';
import { openSamplePair, type SamplePair, silence } from '../sample-pair.ts';
import { openHome, type ProcessHome, type TandemProcess } from '../sample-process.ts';
import { describeServers, type ServerName } from '../servers.ts';
import { scenarios } from './all.ts';
import { cutConnections, lockCrosswise, nextSecond } from './disturb.ts';
import { type Alteration, type Cells, type Platform, type Scenario, start, type Step } from './scenario.ts';

const patience = { timeout: 30_000, interval: 25 };
const sideOf: Readonly<Record<Platform, Side>> = { legacy: 'left', revamp: 'right' };

/** Carries every scenario out on a pair of servers, each on databases of its own. */
export async function runScenarios(left: ServerName, right: ServerName): Promise<void> {
  await describeServers(`${left} as legacy, ${right} as revamp`, { left, right }, (servers) => {
    for (const [folder, scenario] of Object.entries(scenarios)) {
      test(`${folder}: ${scenario.title}`, async () => {
        await using stage = await openStage(servers, scenario);
        for (const [at, step] of scenario.steps.entries()) await stage.perform(step, `step ${at + 1}: ${step.do}`);
        await stage.judge();
      });
    }
  });
}

interface Stage extends AsyncDisposable {
  perform(step: Step, name: string): Promise<void>;
  /** What holds at the end of every scenario, whatever it was about. */
  judge(): Promise<void>;
}

async function openStage(servers: Readonly<Record<Side, Server>>, scenario: Scenario): Promise<Stage> {
  const pair = await openSamplePair(servers, {
    prepare: (connections) => alterTables(scenario.prepare ?? [], connections),
  });
  const actor = new Actor(pair);
  return {
    perform: (step, name) => actor.perform(step, name),
    judge: () => actor.judge(scenario.unequal === true),
    async [Symbol.asyncDispose]() {
      await actor.close();
      await pair[Symbol.asyncDispose]();
    },
  };
}

async function alterTables(
  alterations: readonly Alteration[],
  connections: Readonly<Record<Side, Connection>>,
): Promise<void> {
  for (const { on, statement } of alterations) {
    const connection = connections[sideOf[on]];
    const sql = statement[connection.engine];
    if (sql === undefined) throw new Error(`the scenario has no statement for ${on} on ${connection.engine}`);
    await connection.execute(sql);
  }
}

/** Does what the steps say. */
class Actor {
  readonly #pair: SamplePair;
  #sync: Sync | null = null;
  #home: ProcessHome | null = null;
  #process: TandemProcess | null = null;

  constructor(pair: SamplePair) {
    this.#pair = pair;
  }

  async perform(step: Step, name: string): Promise<void> {
    const { connections } = this.#pair;
    switch (step.do) {
      case 'start':
        this.#sync = await this.#pair.start();
        return;
      case 'stop':
        return this.#running().stop();
      case 'restart':
        return this.#restart(name);
      case 'idle':
        return this.#running().idle();
      case 'silence':
        return silence(this.#pair, this.#running());
      case 'next-second':
        await nextSecond(connections.left);
        return nextSecond(connections.right);
      case 'write':
        return writeAll(connections[sideOf[step.on]], step.statements);
      case 'lock-crosswise':
        return lockCrosswise(this.#pair.sides[sideOf[step.on]], step, () => this.perform(start, name));
      case 'cut-connections':
        return cutConnections(connections[sideOf[step.on]]);
      case 'run-process':
        this.#home ??= await openHome(this.#pair);
        this.#process = this.#home.run();
        return;
      case 'end-process':
        return this.#endProcess(step.signal, name);
      default:
        return this.#expect(step, name);
    }
  }

  async #expect(step: Step, name: string): Promise<void> {
    const { connections, log } = this.#pair;
    switch (step.do) {
      case 'read': {
        const cells = () => readCells(connections[sideOf[step.on]], step.query);
        if (this.#process === null) expect(await cells(), name).toEqual(step.rows);
        else await this.#expectSoon(this.#process, cells, step.rows);
        return;
      }
      case 'parked':
        await expect.poll(() => this.#readParked(sideOf[step.on]), { ...patience, message: name }).toEqual(step.rows);
        return;
      case 'count':
        expect(this.#running().status().directions[step.stream], name).toMatchObject(step.counts);
        return;
      case 'writes':
        expect(await countWrites(connections[sideOf[step.on]], step.link), name).toEqual(step.count);
        return;
      case 'retried': {
        const codes = log.filter(({ message }) => message.endsWith('trying again')).map(({ code }) => code);
        expect(
          codes.some((code) => step.codes.includes(code ?? '')),
          `${name}, met ${codes.join(' ')}`,
        ).toBe(true);
        return;
      }
      default:
        throw new Error(`nobody performs ${step.do}`);
    }
  }

  async #expectSoon(
    child: TandemProcess,
    cells: () => Promise<readonly Cells[]>,
    rows: readonly Cells[],
  ): Promise<void> {
    try {
      await expect.poll(cells, patience).toEqual(rows);
    } catch (error) {
      throw new Error(`the process has said:\n${child.talk()}`, { cause: error });
    }
  }

  async judge(unequal: boolean): Promise<void> {
    const { left, right } = this.#pair.connections;
    const { differences } = await this.#pair.compare();
    if (!unequal) expect(differences).toEqual([]);
    const { directions } = this.#running().status();
    const reasserted = directions['left->right'].reasserted + directions['right->left'].reasserted;
    expect(countEchoes(await readWrites(left, right), reasserted), 'echoes').toBe(0);
    const failures = this.#pair.log.filter(({ level }) => level === 'error');
    expect(failures).toEqual([]);
  }

  async close(): Promise<void> {
    await this.#home?.[Symbol.asyncDispose]();
  }

  #running(): Sync {
    if (this.#sync === null) throw new Error('the scenario needs a start before this');
    return this.#sync;
  }

  /** Legacy's log is read from below what revamp holds: whatever is delivered from there is a duplicate. */
  async #restart(name: string): Promise<void> {
    await this.#running().stop();
    const { left, right } = this.#pair.declaration;
    const stored = async (connection: Connection, schema: string | undefined, stream: string) => {
      const sql = `SELECT position, floor FROM ${schema}.checkpoint WHERE stream = ?`;
      const [row] = await connection.query(sql, [stream]);
      return row;
    };
    const applied = await stored(this.#pair.connections.right, right.stateSchema, 'left->right');
    const needed = await stored(this.#pair.connections.left, left.stateSchema, 'right->left');
    expect(needed?.['floor'], `${name}: where the log is read from`).not.toBe(applied?.['position']);
    this.#sync = await this.#pair.start();
  }

  async #endProcess(signal: NodeJS.Signals, name: string): Promise<void> {
    const child = this.#process;
    if (child === null) throw new Error('the scenario runs no process');
    this.#process = null;
    child.send(signal);
    expect(await child.ended, `${name}\n${child.talk()}`).toEqual(signal === 'SIGKILL' ? [null, signal] : [0, null]);
  }

  async #readParked(side: Side): Promise<readonly Cells[]> {
    const { stateSchema } = this.#pair.declaration[side];
    return readCells(this.#pair.connections[side], `SELECT link, code FROM ${stateSchema}.parked ORDER BY link, code`);
  }
}

async function writeAll(connection: Connection, statements: readonly string[]): Promise<void> {
  await connection.transaction(async () => {
    for (const statement of statements) expect(await connection.execute(statement), statement).toBeGreaterThan(0);
  });
}

async function readCells(connection: Connection, query: string): Promise<readonly Cells[]> {
  const rows = await connection.query(query);
  return rows.map((row) => Object.values(row).map((value) => (value === null ? null : String(value))));
}

async function countWrites(connection: Connection, link: string) {
  const sql = 'SELECT by_sync, count(*) AS writes FROM demo_writes WHERE link = ? GROUP BY by_sync';
  const found = new Map((await connection.query(sql, [link])).map((row) => [Number(row['by_sync']), row['writes']]));
  return { byApplication: Number(found.get(0) ?? 0), bySync: Number(found.get(1) ?? 0) };
}
