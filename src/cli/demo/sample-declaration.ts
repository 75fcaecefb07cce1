import { titleCase } from '../../mapping/codecs.ts';
import type { ColumnDeclaration, Declaration, LinkDeclaration } from '../../mapping/declaration.ts';
import { newestWins } from '../../mapping/policies.ts';
import type { Side } from '../../model/policy.ts';
import { databaseOf, type SampleSide } from './database.ts';
import { PLATFORM, SAMPLE, type SampleTable } from './sample.ts';

/** The sync of the sample on any pair of engines: what `examples/sample/tandem.config.ts` says, at these addresses. */
export function sampleDeclaration(sides: Readonly<Record<Side, SampleSide>>): Declaration {
  const endpoint = (side: Side): Declaration['left'] => ({ ...sides[side], label: PLATFORM[side] });
  const link = (table: SampleTable, naturalKey?: readonly string[]): LinkDeclaration => ({
    left: tableName(table.name.left, sides.left),
    right: tableName(table.name.right, sides.right),
    columns: linkedColumns(table),
    source: { left: 'source', right: 'source' },
    ...(naturalKey === undefined ? {} : { naturalKeys: [naturalKey] }),
  });
  return {
    name: 'sample',
    left: endpoint('left'),
    right: endpoint('right'),
    home: 'left',
    defaults: { conflict: newestWins(), keys: 'mapped' },
    links: {
      users: link(SAMPLE.users, ['email']),
      posts: link(SAMPLE.posts),
      likes: link(SAMPLE.likes, ['user_id', 'post_id']),
    },
  };
}

function tableName(table: string, side: SampleSide): string {
  return `${side.engine === 'postgres' ? 'public' : databaseOf(side.url)}.${table}`;
}

function linkedColumns(table: SampleTable): Readonly<Record<string, ColumnDeclaration>> {
  const linked = table.columns.filter(({ type }) => type.kind !== 'source');
  return Object.fromEntries(
    linked.map(({ left, right, type }) => [left, type.kind === 'choice' ? { to: right, codec: titleCase() } : right]),
  );
}
