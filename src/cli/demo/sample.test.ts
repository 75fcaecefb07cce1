import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Side } from '../../model/policy.ts';
import type { SampleEngine } from './database.ts';
import { sampleTables } from './sample.ts';

const files: readonly [string, Side, SampleEngine][] = [
  ['legacy.sql', 'left', 'postgres'],
  ['revamp.sql', 'right', 'mysql'],
];

test.each(files)('examples/sample/%s holds the tables that the demo creates', (name, side, engine) => {
  const file = readFileSync(new URL(`../../../examples/sample/${name}`, import.meta.url), 'utf8');
  const statements = sampleTables(side, engine).map((statement) => `${statement};\n`);
  expect(file.replace(/^(--.*\n)+\n/, '')).toBe(statements.join('\n'));
});
