import { describeServers } from '../servers.ts';
import { conformance } from './database.ts';
import { openServerBench } from './server-bench.ts';

await describeServers('conformance', { server: 'postgres-15' }, ({ server }) => {
  conformance('postgres-15', () => openServerBench(server));
});
