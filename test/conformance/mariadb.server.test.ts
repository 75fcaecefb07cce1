import { describeServers } from '../servers.ts';
import { conformance } from './database.ts';
import { openServerBench } from './server-bench.ts';

await describeServers('conformance', { server: 'mariadb' }, ({ server }) => {
  conformance('mariadb', () => openServerBench(server));
});
