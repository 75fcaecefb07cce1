import { defineConfig } from 'vitest/config';

const needsServers = ['src/**/*.server.test.ts', 'test/**/*.server.test.ts'];

export default defineConfig({
  // Node 20 does not parse `await using`, so it is lowered for tests just as tsc lowers it for the build.
  oxc: { target: 'es2023' },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: needsServers,
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: needsServers,
          globalSetup: ['test/servers/broker.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
