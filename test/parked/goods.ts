import { type Connection, databaseOf } from '../../src/cli/demo/database.ts';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import type { Sync } from '../../src/engine/sync-status.ts';
import { codec, upperCase } from '../../src/mapping/codecs.ts';
import type { Declaration, LinkDeclaration } from '../../src/mapping/declaration.ts';
import type { Side } from '../../src/model/policy.ts';
import { openProject, type Project } from '../project.ts';
import { openSamplePair, type SamplePair } from '../sample-pair.ts';

/** The left is lenient and the right is strict, so that every kind of refusal can be had on real servers. */
const leftTables = [
  'CREATE TABLE shelves (id int PRIMARY KEY, label varchar(20) NOT NULL)',
  `CREATE TABLE goods (id int PRIMARY KEY, code varchar(50) NOT NULL UNIQUE, title text NOT NULL DEFAULT '',
     price numeric, amount bigint NOT NULL DEFAULT 0, made timestamp, kind text NOT NULL DEFAULT 'box', mood text,
     shout text, shelf int)`,
  'CREATE TABLE places (country varchar(2), city varchar(180), size bigint NOT NULL, PRIMARY KEY (country, city))',
];

const rightTables = [
  'CREATE TABLE shelves (id int PRIMARY KEY, label varchar(20) NOT NULL)',
  `CREATE TABLE goods (id int PRIMARY KEY, code varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
     title varchar(20) CHARACTER SET utf8mb3 NOT NULL, price decimal(10, 2), amount int NOT NULL,
     made timestamp NULL, kind enum('box', 'bag') NOT NULL, mood varchar(20), shout varchar(40), shelf int,
     UNIQUE KEY goods_code (code), CONSTRAINT goods_luck CHECK (amount <> 13),
     CONSTRAINT goods_shelf FOREIGN KEY (shelf) REFERENCES shelves (id))
     DEFAULT CHARACTER SET utf8mb4`,
  `CREATE TABLE places (country varchar(2), city varchar(180), size int NOT NULL, PRIMARY KEY (country, city))
     DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
];

/** A function of the user's that does not take everything. */
const mood = codec<string, string>('mood', {
  toRight(value) {
    if (value === 'grim') throw new Error(`no word for ${value}`);
    return value;
  },
  toLeft: (value) => value,
});

/** The links of the goods, for the sides of any declaration. */
export function goodsLinks(
  sides: Readonly<Record<Side, Pick<Declaration['left'], 'engine' | 'url'>>>,
): Readonly<Record<string, LinkDeclaration>> {
  const table = (side: Side, name: string): string =>
    `${sides[side].engine === 'postgres' ? 'public' : databaseOf(sides[side].url)}.${name}`;
  const link = (name: string, columns: LinkDeclaration['columns']): LinkDeclaration => ({
    left: table('left', name),
    right: table('right', name),
    keys: 'shared',
    columns,
  });
  const same = (...names: string[]) => Object.fromEntries(names.map((name) => [name, name]));
  return {
    shelves: link('shelves', same('id', 'label')),
    goods: link('goods', {
      ...same('id', 'code', 'title', 'price', 'amount', 'made', 'kind', 'shelf'),
      mood: { to: 'mood', codec: mood },
      shout: { to: 'shout', codec: upperCase() },
    } as LinkDeclaration['columns']),
    places: link('places', same('country', 'city', 'size')),
  };
}

/** The goods in two databases, a sync between them, and a folder where commands are run. */
export interface GoodsStage extends AsyncDisposable {
  readonly pair: SamplePair;
  readonly project: Project;
  start(): Promise<Sync>;
  left(...statements: string[]): Promise<void>;
  right(...statements: string[]): Promise<void>;
  /** `link code` of all rows that a side is owed, in order. */
  owed(side: Side): Promise<readonly string[]>;
  ids(side: Side, table?: string): Promise<readonly number[]>;
}

export async function openGoods(servers: Readonly<Record<Side, Server>>): Promise<GoodsStage> {
  const pair = await openSamplePair(servers, {
    async prepare({ left, right }) {
      for (const sql of leftTables) await left.execute(sql);
      for (const sql of rightTables) await right.execute(sql);
    },
    declare: (declaration): Declaration => ({ ...declaration, links: goodsLinks(declaration) }),
  });
  const { declaration, sides, connections } = pair;
  const env = { LEFT_URL: sides.left.url, RIGHT_URL: sides.right.url };
  const project = await openProject(env);
  await project.write('tandem.config.ts', configOf(declaration, sides));
  const run = async (connection: Connection, statements: readonly string[]): Promise<void> =>
    connection.transaction(async () => {
      for (const sql of statements) await connection.execute(sql);
    });
  return {
    pair,
    project,
    start: () => pair.start(),
    left: (...statements) => run(connections.left, statements),
    right: (...statements) => run(connections.right, statements),
    async owed(side) {
      const sql = `SELECT link, code FROM ${declaration[side].stateSchema}.parked ORDER BY link, code`;
      return (await connections[side].query(sql)).map(({ link, code }) => `${link} ${code}`);
    },
    async ids(side, table = 'goods') {
      return (await connections[side].query(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => Number(id));
    },
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await pair[Symbol.asyncDispose]();
    },
  };
}

/** Passwords come from the environment, functions from here. */
function configOf(declaration: Declaration, sides: SamplePair['sides']): string {
  const plain = (side: Side) => {
    const { engine, url } = sides[side];
    return JSON.stringify({ engine, url: `${engine}://host${new URL(url).pathname}` });
  };
  const endpoint = (side: Side, variable: string) => {
    const { engine, label, stateSchema } = declaration[side];
    return `{ engine: '${engine}', label: '${label}', url: '\${env:${variable}}', stateSchema: '${stateSchema}' }`;
  };
  return `import { goodsLinks } from '${new URL('goods.ts', import.meta.url).pathname}';
export default {
  name: '${declaration.name}',
  left: ${endpoint('left', 'LEFT_URL')},
  right: ${endpoint('right', 'RIGHT_URL')},
  home: 'left',
  defaults: ${JSON.stringify({ keys: 'shared' })},
  links: goodsLinks({ left: ${plain('left')}, right: ${plain('right')} }),
};
`;
}
