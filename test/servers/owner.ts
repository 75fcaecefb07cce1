// A program that owns a server and waits to be killed, for the test of what happens then.

import type { PostgresMajor } from '../../src/cli/demo/servers/postgres.ts';
import type { Engine } from '../../src/cli/demo/servers/clients.ts';
import { startWanted } from './wanted.ts';

const [engine, major] = (process.argv[2] ?? 'postgres').split('-') as [Engine, string | undefined];
const wanted = major === undefined ? { engine } : { engine, major: Number(major) as PostgresMajor };
const { port, dataDir } = await startWanted(wanted, {});
console.log(JSON.stringify({ pid: process.pid, port, dataDir }));
setInterval(() => undefined, 60_000);
