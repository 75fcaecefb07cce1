import { codecOf } from '../mapping/codec-spec.ts';
import { codec, flip, type NamedCodec } from '../mapping/codecs.ts';
import { infinityAs, zeroDateAs } from '../mapping/date-codecs.ts';
import type {
  CodecSpec,
  ColumnDeclaration,
  Declaration,
  DeclaredCodec,
  Defaults,
  Filter,
  Infinities,
  Limits,
  LinkDeclaration,
} from '../mapping/declaration.ts';
import { byColumns, custom, delta, newestWins, park, perColumn, sideWins } from '../mapping/policies.ts';
import type { Finding } from '../model/finding.ts';
import type { GroupPolicy, Newest, PerColumn, Policy, RowPolicy, SideWins } from '../model/policy.ts';
import type { CodecWords, GroupWords, OverlapWords, RowWords, Tree } from './schema.ts';

type Path = readonly (string | number)[];

/** The user's own functions by the reference that names them, or why one of them could not be loaded. */
export type OwnFunctions = ReadonlyMap<string, { readonly value: unknown } | { readonly failure: string }>;

/** A validated tree with its words replaced by what they mean. */
export function declarationOf(tree: Tree, own: OwnFunctions, findings: Finding[]): Declaration {
  const reader = new TreeReader(own, findings);
  const { name, left, right, home, defaults, links, limits, server, strict } = tree;
  return defined<Declaration>({
    name,
    left: defined({ ...left, tls: left.tls === undefined ? undefined : defined(left.tls) }),
    right: defined({ ...right, tls: right.tls === undefined ? undefined : defined(right.tls) }),
    home,
    strict,
    defaults: reader.rules(defaults, ['defaults']),
    links: Object.fromEntries(Object.entries(links).map(([id, link]) => [id, reader.link(link, ['links', id])])),
    limits: limits === undefined ? undefined : limitsOf(limits),
    server: server === undefined ? undefined : defined(server),
  });
}

function limitsOf({ rowsPerSecond, ...limits }: NonNullable<Tree['limits']>): Limits {
  return defined<Limits>({
    ...limits,
    rowsPerSecond: rowsPerSecond === undefined ? undefined : defined(rowsPerSecond),
  });
}

class TreeReader {
  private readonly own: OwnFunctions;
  private readonly findings: Finding[];

  constructor(own: OwnFunctions, findings: Finding[]) {
    this.own = own;
    this.findings = findings;
  }

  link(link: Tree['links'][string], path: Path): LinkDeclaration {
    const { columns, where, source, conflict, ...rest } = link;
    return defined<LinkDeclaration>({
      ...rest,
      ...this.rules({ conflict }, path),
      columns: Object.fromEntries(
        Object.entries(columns).map(([name, column]) => [name, this.column(column, [...path, 'columns', name])]),
      ),
      source: source === undefined ? undefined : defined(source),
      where:
        where === undefined
          ? undefined
          : defined({
              left: this.filter(where.left, [...path, 'where', 'left']),
              right: this.filter(where.right, [...path, 'where', 'right']),
            }),
    });
  }

  rules(rules: Tree['defaults'], path: Path): Defaults {
    const conflict = rules.conflict === undefined ? undefined : this.policy(rules.conflict, [...path, 'conflict']);
    return defined<Defaults>({ ...rules, conflict });
  }

  private policy(words: NonNullable<Tree['defaults']['conflict']>, path: Path): Policy {
    if (typeof words === 'object' && 'kind' in words) return words;
    if (typeof words === 'string' || !('columns' in words)) return this.rowPolicy(words, path);
    const groups = words.columns.map((group) => ({ columns: group.columns, policy: groupPolicy(group.policy) }));
    return byColumns(this.rowPolicy(words.default, [...path, 'default']), groups);
  }

  private rowPolicy(words: RowWords, path: Path): RowPolicy {
    if (words === 'park') return park();
    if (typeof words === 'string' || !('custom' in words)) return wordedPolicy(words);
    const decide = this.find(words.custom, path, 'a function of a conflict', isFunction);
    return decide === null ? newestWins() : custom(decide as Parameters<typeof custom>[0]);
  }

  private column(column: Tree['links'][string]['columns'][string], path: Path): ColumnDeclaration {
    if (typeof column === 'string') return column;
    if ('skip' in column) return defined<Extract<ColumnDeclaration, { readonly skip: true }>>(column);
    const { to, codec: words, direction } = column;
    if (words === undefined && direction === undefined) return to;
    return defined<Extract<ColumnDeclaration, { readonly to: string }>>({
      to,
      codec: words === undefined ? undefined : this.codec(words, path),
      direction,
    });
  }

  private codec(words: CodecWords | DeclaredCodec, path: Path): DeclaredCodec {
    if (typeof words === 'object' && 'toRight' in words) return words;
    if (typeof words === 'object' && 'flip' in words) return flip(this.codec(words.flip, path) as NamedCodec<string>);
    if (typeof words === 'object' && 'others' in words && words.others !== undefined) {
      const others = this.codec(words.others, path);
      return 'zeroDateAs' in words
        ? zeroDateAs(words.zeroDateAs, { others })
        : infinityAs(defined<Infinities>(words.infinityAs), { others });
    }
    if (typeof words === 'object' || !words.includes('#')) return codecOf(words as CodecSpec);
    const pair = this.find(words, [...path, 'codec'], 'a pair of functions: codec(name, { toRight, toLeft })', isPair);
    if (pair === null) return codecOf('trim');
    const declared = isDeclared(pair) ? pair : (codec(words.split('#')[1] ?? words, pair) as unknown as DeclaredCodec);
    return { ...declared, spec: { own: words } };
  }

  private filter(filter: NonNullable<Tree['links'][string]['where']>['left'], path: Path): Filter | undefined {
    if (typeof filter !== 'string') return filter;
    return (this.find(filter, path, 'a function of a row', isFunction) ?? {}) as Filter;
  }

  /**
   * What a reference leads to, or null and a finding; the caller goes on with a stand-in, so that all mistakes come
   * out.
   */
  private find<T>(reference: string, path: Path, expected: string, fits: (value: unknown) => value is T): T | null {
    const found = this.own.get(reference);
    if (found !== undefined && 'value' in found && fits(found.value)) return found.value;
    const message = found !== undefined && 'failure' in found ? found.failure : `${reference} is not ${expected}`;
    const code = fits === (isPair as unknown) ? 'TD2110' : 'TD1002';
    this.findings.push({ code, severity: 'error', message, path, expected });
    return null;
  }
}

function groupPolicy(words: GroupWords): GroupPolicy {
  return words === 'delta' ? delta() : wordedPolicy(words);
}

function wordedPolicy(
  words: OverlapWords | 'perColumn' | { readonly perColumn: OverlapWords },
): Newest | SideWins | PerColumn {
  if (words === 'perColumn') return perColumn();
  if (typeof words === 'object' && 'perColumn' in words) return perColumn(overlapPolicy(words.perColumn));
  return overlapPolicy(words);
}

function overlapPolicy(words: OverlapWords): Newest | SideWins {
  if (words === 'newest') return newestWins();
  return 'side' in words ? sideWins(words.side) : newestWins(words.newest);
}

function isFunction(value: unknown): value is (...given: readonly unknown[]) => unknown {
  return typeof value === 'function';
}

interface Pair {
  readonly toRight: (value: unknown) => unknown;
  readonly toLeft: (value: unknown) => unknown;
}

function isPair(value: unknown): value is Pair {
  return typeof value === 'object' && value !== null && 'toRight' in value && 'toLeft' in value;
}

function isDeclared(value: unknown): value is DeclaredCodec {
  return isPair(value) && 'spec' in value && 'nulls' in value;
}

/** Without the properties that are undefined: an option that was not given is not there at all. */
function defined<T extends object>(given: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
