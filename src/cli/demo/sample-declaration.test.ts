import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { sampleDeclaration } from './sample-declaration.ts';

const examples = fileURLToPath(new URL('../../../examples/sample/', import.meta.url));
const left = 'postgres://tandem@legacy-host/legacy_db';
const right = 'mysql://tandem@revamp-host/revamp_db';

test.each(['tandem.config.ts', 'tandem.yaml'])('the demo runs what examples/sample/%s declares', async (file) => {
  const env = { LEGACY_DATABASE_URL: left, REVAMP_DATABASE_URL: right };
  const { declaration, findings } = await loadConfig({ cwd: examples, file, env });
  expect(findings).toEqual([]);
  const ours = sampleDeclaration({ left: { engine: 'postgres', url: left }, right: { engine: 'mysql', url: right } });
  expect(plain(declaration)).toEqual(plain(ours));
});

/** Functions do not compare; what a codec is made from stands beside them. Tables may be named without their schema. */
function plain(declaration: unknown): unknown {
  const text = JSON.stringify(declaration).replaceAll('"public.', '"').replaceAll('"revamp_db.', '"');
  return JSON.parse(text);
}
