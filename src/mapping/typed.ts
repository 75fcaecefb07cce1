import type { Truncation } from '../model/plan.ts';
import type { ForeignKeyPolicy, Policy, Side } from '../model/policy.ts';
import type {
  Declaration,
  Defaults,
  EndpointDeclaration,
  EngineName,
  Flow,
  Keys,
  Limits,
  LinkDeclaration,
  ServerDeclaration,
} from './declaration.ts';
import type { Col, Cols, Table } from './tables.ts';
import type { Columns, Complete, Plain, Skip, ValueOf, Via } from './typed-columns.ts';

type EndpointOptions = Omit<EndpointDeclaration, 'engine'>;

type Endpoint<E extends EngineName> = EndpointDeclaration & { readonly engine: E };

export function postgres(options: EndpointOptions): Endpoint<'postgres'> {
  return { engine: 'postgres', ...options };
}

export function mysql(options: EndpointOptions): Endpoint<'mysql'> {
  return { engine: 'mysql', ...options };
}

export function mariadb(options: EndpointOptions): Endpoint<'mariadb'> {
  return { engine: 'mariadb', ...options };
}

/** The value of an environment variable, read when the configuration is loaded by Tandem; missing = TD1003. */
export function env(name: string): string {
  return `\${env:${name}}`;
}

/** The content of a file (a mounted secret), by its path from the configuration's folder; missing = TD1003. */
export function file(path: string): string {
  return `\${file:${path}}`;
}

/** A right column by way of a codec. */
export function via<const To extends string, X>(to: To, codec: X): Via<To, X> {
  return { to, codec };
}

/** A left column that is knowingly not linked; `onInsert` is written when Tandem inserts a row on the left. */
export function skip(): Skip;
export function skip<const V>(options: { readonly onInsert: V }): Skip & { readonly onInsert: V };
export function skip(options: object = {}): Skip {
  return { skip: true, ...options };
}

type Names<C extends Cols> = keyof C & string;

type RowOf<C extends Cols> = {
  readonly [K in keyof C]: C[K] extends Col<infer _, true> ? ValueOf<C[K]> | null : ValueOf<C[K]>;
};

type Constants<C extends Cols, Names extends keyof C> = { readonly [K in Names]: ValueOf<C[K]> | null };

type RowFilter<C extends Cols> = Partial<Constants<C, keyof C>> | ((row: RowOf<C>) => boolean);

interface LinkSpec<
  LC extends Cols,
  RC extends Cols,
  M,
  LeftOnly extends keyof LC,
  RightOnly extends keyof RC,
  LeftSource extends Names<LC>,
  RightSource extends Names<RC>,
> {
  /** Left column: right column, `via(right, codec)`, `{ to, direction }` or `skip()`. */
  readonly columns: M & Plain<LC, RC, M> & Complete<LC, RC, M, LeftOnly | LeftSource, RightOnly | RightSource>;
  /** Values for columns of one side that have no counterpart; written when Tandem inserts a row. */
  readonly leftOnly?: Constants<LC, LeftOnly>;
  readonly rightOnly?: Constants<RC, RightOnly>;
  /** `mapped`: each side generates its own keys. `shared`: a row has the same key on both sides. */
  readonly keys?: Keys;
  /** A unique key, for tables without a primary key. */
  readonly key?: readonly Names<LC>[];
  /** Columns that tell that a row of the left and a row of the right are one. */
  readonly naturalKeys?: readonly (readonly Names<LC>[])[];
  readonly conflict?: Policy;
  readonly direction?: Flow;
  readonly deletes?: 'sync' | 'ignore';
  /** What happens to a row whose parent the other side deleted at the same time; `park` unless given. */
  readonly foreignKey?: ForeignKeyPolicy;
  /** What TRUNCATE of one side means for the other; `stop` asks you when it happens. */
  readonly truncate?: Truncation;
  /** Rows that do not pass are out of the sync. */
  readonly where?: { readonly left?: RowFilter<LC>; readonly right?: RowFilter<RC> };
  /** A column that Tandem writes its own name into, for people to read. */
  readonly source?: { readonly left?: LeftSource; readonly right?: RightSource; readonly value?: string };
}

/** Which engines a link was made for; exists for the compiler only. */
declare const engines: unique symbol;

export interface Link<L extends EngineName, R extends EngineName> extends LinkDeclaration {
  readonly [engines]?: readonly [L, R];
}

/** Two tables that hold the same rows. One declaration for both directions. */
export function link<
  LE extends EngineName,
  LC extends Cols,
  RE extends EngineName,
  RC extends Cols,
  const M extends Columns<LC, RC>,
  LeftOnly extends keyof LC = never,
  RightOnly extends keyof RC = never,
  LeftSource extends Names<LC> = never,
  RightSource extends Names<RC> = never,
>(
  left: Table<LE, LC>,
  right: Table<RE, RC>,
  spec: LinkSpec<LC, RC, M, LeftOnly, RightOnly, LeftSource, RightSource>,
): Link<LE, RE> {
  // The compiler has checked more than the tree can express; from here on it is plain data.
  return { left: left.name, right: right.name, ...(spec as unknown as Omit<LinkDeclaration, 'left' | 'right'>) };
}

export interface Config<L extends EngineName, R extends EngineName> {
  /**
   * Names slot, publication and streams: a lower-case letter, then lower-case letters, digits and underscores, 40
   * characters at most; `main` unless given.
   */
  readonly name?: string;
  readonly left: Endpoint<L>;
  readonly right: Endpoint<R>;
  /** The side that decides conflicts; `left` unless given. */
  readonly home?: Side;
  readonly defaults?: Defaults;
  readonly links: Readonly<Record<string, Link<NoInfer<L>, NoInfer<R>>>>;
  readonly limits?: Limits;
  readonly server?: ServerDeclaration;
  /** True unless given: conflicts are decided exactly; a row that is written again at once waits for that. */
  readonly strict?: boolean;
}

/** The whole sync. What this returns is the default export of tandem.config.ts. */
export function defineConfig<L extends EngineName, R extends EngineName>(config: Config<L, R>): Declaration {
  return { name: 'main', home: 'left', defaults: {}, ...config };
}
