import { describe } from 'vitest';
import type { OpenBench } from './bench.ts';
import { checkpointCases } from './checkpoint-cases.ts';
import { lockCases } from './lock-cases.ts';
import { logCases } from './log-cases.ts';
import { setupCases } from './setup-cases.ts';
import { valueCases } from './value-cases.ts';
import { writeCases } from './write-cases.ts';

/** Everything that the contract in model/endpoint.ts promises. An engine is done when this is green for it. */
export function conformance(name: string, open: OpenBench): void {
  describe(`${name} keeps the contract`, () => {
    setupCases(open);
    logCases(open);
    checkpointCases(open);
    writeCases(open);
    lockCases(open);
    valueCases(open);
  });
}
