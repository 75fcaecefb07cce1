// Imported by a process that runs the sources, before anything else: two imports of one module at the same time, which
// is what opening both sides of a sync is, come out wrong under the translator, though not in Node itself.

await import('../../src/databases/postgres/index.ts');
await import('../../src/databases/mysql/index.ts');
