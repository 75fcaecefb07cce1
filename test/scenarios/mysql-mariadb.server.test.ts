import { runScenarios } from './runner.ts';

await runScenarios('mysql', 'mariadb');
