import type { Truncation } from '../model/plan.ts';
import type { ForeignKeyPolicy, GroupPolicy, Policy, Side } from '../model/policy.ts';
import { type TableSchema, tableName } from '../model/schema.ts';
import { codecImports, codecSource, constantSource, propertySource, stringSource } from './codec-spec.ts';
import type {
  CodecSpec,
  ColumnDeclaration,
  Declaration,
  EndpointDeclaration,
  Flow,
  Keys,
  LinkDeclaration,
} from './declaration.ts';
import { tableProperties } from './schema-file.ts';

export interface ConfigTables {
  /** The names under which tandem.schema.ts exports the sides, such as `legacy`. */
  readonly names: Readonly<Record<Side, string>>;
  readonly tables: Readonly<Record<Side, readonly TableSchema[]>>;
}

/**
 * A declaration as tandem.config.ts over the generated tandem.schema.ts. Filters and policies that are functions
 * cannot be printed; they are left out, and a comment says so.
 */
export function typescriptConfig(declaration: Declaration, given: ConfigTables): string {
  const printer = new Printer(given);
  const { left, right, home, strict, defaults, links, name } = declaration;
  const body = [
    `  name: ${stringSource(name)},`,
    `  left: ${printer.endpoint(left)},`,
    `  right: ${printer.endpoint(right)},`,
    ...(home === 'left' ? [] : [`  home: 'right',`]),
    ...(strict === undefined ? [] : [`  strict: ${strict},`]),
    ...(Object.keys(defaults).length === 0 ? [] : [`  defaults: { ${printer.rules(defaults).join(', ')} },`]),
    '',
    '  links: {',
    ...Object.entries(links).flatMap(([id, link]) => printer.link(id, link)),
    '  },',
  ];
  return [
    `import { ${[...printer.imports].toSorted().join(', ')} } from 'tandem-sync';`,
    `import { ${given.names.left}, ${given.names.right} } from './tandem.schema.ts'; // written by \`tandem pull\``,
    '',
    'export default defineConfig({',
    ...body,
    '});',
    '',
  ].join('\n');
}

interface Rules {
  readonly conflict?: Policy;
  readonly direction?: Flow;
  readonly deletes?: 'sync' | 'ignore';
  readonly truncate?: Truncation;
  readonly keys?: Keys;
  readonly foreignKey?: ForeignKeyPolicy;
}

class Printer {
  readonly imports = new Set(['defineConfig', 'link']);
  private readonly given: ConfigTables;

  constructor(given: ConfigTables) {
    this.given = given;
  }

  endpoint({ engine, url, label, stateSchema, tls }: EndpointDeclaration): string {
    this.imports.add(engine);
    const options = [
      ...(label === undefined ? [] : [`label: ${stringSource(label)}`]),
      `url: ${this.secret(url)}`,
      ...(stateSchema === undefined ? [] : [`stateSchema: ${stringSource(stateSchema)}`]),
      ...(tls === undefined ? [] : [`tls: { ${this.tls(tls)} }`]),
    ];
    return `${engine}({ ${options.join(', ')} })`;
  }

  private tls(tls: NonNullable<EndpointDeclaration['tls']>): string {
    const entries = Object.entries(tls) as [string, string | boolean][];
    return entries
      .map(([name, value]) => `${name}: ${typeof value === 'string' ? this.secret(value) : value}`)
      .join(', ');
  }

  private secret(text: string): string {
    const [, kind, name = ''] = /^\$\{(env|file):([^}]*)\}$/.exec(text) ?? [];
    if (kind === undefined) return stringSource(text);
    this.imports.add(kind);
    return `${kind}(${stringSource(name)})`;
  }

  rules({ conflict, direction, deletes, truncate, keys, foreignKey }: Rules): readonly string[] {
    return [
      ...(conflict === undefined ? [] : [`conflict: ${this.policy(conflict)}`]),
      ...(direction === undefined ? [] : [`direction: '${direction}'`]),
      ...(deletes === undefined ? [] : [`deletes: '${deletes}'`]),
      ...(foreignKey === undefined ? [] : [`foreignKey: '${foreignKey}'`]),
      ...(truncate === undefined ? [] : [`truncate: '${truncate}'`]),
      ...(keys === undefined ? [] : [`keys: ${keysSource(keys)}`]),
    ];
  }

  private policy(policy: Policy | GroupPolicy): string {
    switch (policy.kind) {
      case 'custom':
        return `${this.call('newestWins')} /* was: custom(${policy.name}) */`;
      case 'newest':
        return this.call('newestWins', policy.column === undefined ? '' : stringSource(policy.column));
      case 'side':
        return this.call('sideWins', stringSource(policy.side));
      case 'perColumn':
        return this.call('perColumn', this.policy(policy.overlap));
      case 'delta':
      case 'park':
        return this.call(policy.kind);
      case 'columns': {
        const groups = policy.columns.map(
          (group) => `{ columns: ${listSource(group.columns)}, policy: ${this.policy(group.policy)} }`,
        );
        return this.call('byColumns', `${this.policy(policy.default)}, [${groups.join(', ')}]`);
      }
    }
  }

  private call(name: string, given = ''): string {
    this.imports.add(name);
    return `${name}(${given})`;
  }

  link(id: string, link: LinkDeclaration): readonly string[] {
    const table = (side: Side): string => `${this.given.names[side]}${memberSource(this.property(side, link[side]))}`;
    const { source, naturalKeys, key, where } = link;
    const options = [
      ...this.rules(link),
      ...(key === undefined ? [] : [`key: ${listSource(key)}`]),
      ...(naturalKeys === undefined ? [] : [`naturalKeys: [${naturalKeys.map(listSource).join(', ')}]`]),
      ...(source === undefined ? [] : [`source: ${recordSource(source)}`]),
      ...(link.leftOnly === undefined ? [] : [`leftOnly: ${recordSource(link.leftOnly)}`]),
      ...(link.rightOnly === undefined ? [] : [`rightOnly: ${recordSource(link.rightOnly)}`]),
      ...(where === undefined ? [] : [`where: { ${filtersSource(where)} }`]),
    ];
    const columns = Object.entries(link.columns).map(
      ([name, column]) => `${propertySource(name)}: ${this.column(column)},`,
    );
    return [
      `    ${propertySource(id)}: link(${table('left')}, ${table('right')}, {`,
      ...options.map((option) => `      ${option},`),
      '      columns: {',
      ...columns.map((column) => `        ${column}`),
      '      },',
      '    }),',
    ];
  }

  private property(side: Side, name: string): string {
    const tables = this.given.tables[side];
    const table = tables.find(({ ref }) => tableName(ref) === name || ref.table === name);
    return (table === undefined ? undefined : tableProperties(tables).get(table)) ?? name;
  }

  private column(column: ColumnDeclaration): string {
    if (typeof column === 'string') return stringSource(column);
    if ('skip' in column) {
      this.imports.add('skip');
      return column.onInsert === undefined ? 'skip()' : `skip({ onInsert: ${constantSource(column.onInsert)} })`;
    }
    const { to, codec, direction } = column;
    if (codec === undefined) return `{ to: ${stringSource(to)}, direction: '${direction ?? 'both'}' }`;
    this.imports.add('via');
    for (const name of codecImports(codec.spec)) this.imports.add(name);
    const via = `via(${stringSource(to)}, ${codecSource(codec.spec)})${ownSource(codec.spec)}`;
    return direction === undefined ? via : `{ ...${via}, direction: '${direction}' }`;
  }
}

/** Where a codec of the user's own comes from is for the user to import. */
function ownSource(spec: CodecSpec): string {
  return typeof spec === 'object' && 'own' in spec ? ` /* import ${spec.own} */` : '';
}

function memberSource(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${stringSource(name)}]`;
}

function listSource(names: readonly string[]): string {
  return `[${names.map(stringSource).join(', ')}]`;
}

function keysSource(keys: Keys): string {
  if (typeof keys === 'string') return `'${keys}'`;
  return `{ shared: { left: '${keys.shared.left}', right: '${keys.shared.right}' } }`;
}

function recordSource(record: object): string {
  const entries = Object.entries(record) as [string, Parameters<typeof constantSource>[0]][];
  return `{ ${entries.map(([name, value]) => `${propertySource(name)}: ${constantSource(value)}`).join(', ')} }`;
}

function filtersSource(where: NonNullable<LinkDeclaration['where']>): string {
  const sides = Object.entries(where).map(([side, filter]) =>
    typeof filter === 'function' ? `/* ${side}: a function */` : `${side}: ${recordSource(filter)}`,
  );
  return sides.join(', ');
}
