import { describeServers } from '../servers.ts';
import { conformance } from './database.ts';
import { openServerBench } from './server-bench.ts';

await describeServers('conformance', { server: 'postgres-18' }, ({ server }) => {
  conformance('postgres-18', () => openServerBench(server));
});
