import { runScenarios } from './runner.ts';

await runScenarios('postgres', 'postgres');
