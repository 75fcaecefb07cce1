import { runScenarios } from './runner.ts';

await runScenarios('postgres-15', 'postgres-18');
