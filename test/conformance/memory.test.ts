import { conformance } from './database.ts';
import { openMemoryBench } from './memory-bench.ts';

conformance('memory', openMemoryBench);
