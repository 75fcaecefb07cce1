import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ColumnDeclaration } from '../../mapping/declaration.ts';
import type { Side } from '../../model/policy.ts';
import type { SampleSide } from './database.ts';
import { sampleDeclaration } from './sample-declaration.ts';

export interface ConfigFile extends AsyncDisposable {
  readonly file: string;
}

/** The demo's sync as a configuration in a folder of its own, so that other terminals can work on it. */
export async function writeConfig(sides: Readonly<Record<Side, SampleSide>>): Promise<ConfigFile> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-demo-'));
  const { name, left, right, home, links } = sampleDeclaration(sides);
  const endpoint = (side: Side) => {
    const { engine, label } = { left, right }[side];
    return { engine, label, url: `\${file:${side}.url}` };
  };
  const tree = {
    name,
    left: endpoint('left'),
    right: endpoint('right'),
    home,
    defaults: { conflict: 'newest', keys: 'mapped' },
    links: Object.fromEntries(
      Object.entries(links).map(([id, link]) => [
        id,
        { ...link, columns: Object.fromEntries(Object.entries(link.columns).map(([from, to]) => [from, words(to)])) },
      ]),
    ),
  };
  const file = join(folder, 'tandem.yaml');
  await writeFile(file, stringify(tree));
  // Whoever can read these can write to both databases.
  for (const side of ['left', 'right'] as const)
    await writeFile(join(folder, `${side}.url`), sides[side].url, { mode: 0o600 });
  return { file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** A codec as YAML writes it. */
function words(column: ColumnDeclaration): unknown {
  if (typeof column === 'string' || !('codec' in column) || column.codec === undefined) return column;
  return { ...column, codec: column.codec.spec };
}
