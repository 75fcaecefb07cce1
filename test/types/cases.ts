import type { TypeCase } from './case.ts';
import { documentCases } from './document-cases.ts';
import { numberCases } from './number-cases.ts';
import { textCases } from './text-cases.ts';
import { timeCases } from './time-cases.ts';

/** Pairs that stand for each other as they are. */
export const typeCases: readonly TypeCase[] = [...numberCases, ...timeCases, ...textCases, ...documentCases];
