import { openDatabase } from '../databases/index.ts';
import { compile } from '../mapping/compile.ts';
import type { Declaration, EndpointDeclaration } from '../mapping/declaration.ts';
import type { Context } from '../model/context.ts';
import type { Endpoint, EndpointOptions } from '../model/endpoint.ts';
import type { Code } from '../model/codes.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import type { SyncPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { type TableRef, type TableSchema, tableName } from '../model/schema.ts';

export interface Endpoints extends AsyncDisposable {
  readonly left: Endpoint;
  readonly right: Endpoint;
}

/** A declaration held against the two databases it speaks of. Disposing of it closes both. */
export interface Prepared extends Endpoints {
  readonly declaration: Declaration;
  readonly schemas: Readonly<Record<Side, readonly TableSchema[]>>;
  /** null where the findings hold an error. */
  readonly plan: SyncPlan | null;
  readonly findings: readonly Finding[];
}

/** The user's name for a side. */
export function labelOf(declaration: Declaration, side: Side): string {
  return declaration[side].label ?? side;
}

/** Opens both databases and compiles the mapping. Throws TandemError TD4xxx, TD5014 where one cannot be opened. */
export async function prepare(declaration: Declaration, context: Context): Promise<Prepared> {
  return compileOver(await openEndpoints(declaration, context), declaration);
}

/** Inspects the linked tables and compiles. The endpoints belong to the result, and are closed on failure. */
export async function compileOver(endpoints: Endpoints, declaration: Declaration): Promise<Prepared> {
  try {
    const left = await inspectLinked(endpoints.left, declaration, 'left');
    const right = await inspectLinked(endpoints.right, declaration, 'right');
    const schemas = { left, right };
    const { plan, findings } = compile(declaration, schemas);
    return { ...endpoints, declaration, schemas, plan, findings };
  } catch (error) {
    await endpoints[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens both databases, or neither: the first failure is thrown after the other side is closed again. */
export async function openEndpoints(declaration: Declaration, context: Context): Promise<Endpoints> {
  const { left, right } = await tryEndpoints(declaration, context);
  if (left instanceof TandemError) {
    await closeAll([right]);
    throw left;
  }
  if (right instanceof TandemError) {
    await closeAll([left]);
    throw right;
  }
  return pairOf(left, right);
}

/** Both sides as one thing to close; closing it again does nothing. */
export function pairOf(left: Endpoint, right: Endpoint): Endpoints {
  let open: readonly Endpoint[] = [left, right];
  return {
    left,
    right,
    async [Symbol.asyncDispose]() {
      const closing = open;
      open = [];
      await closeAll(closing);
    },
  };
}

/** Opens both databases side by side; what is wrong with one does not hide what is wrong with the other. */
export async function tryEndpoints(
  declaration: Declaration,
  context: Context,
): Promise<Readonly<Record<Side, Endpoint | TandemError>>> {
  const attempt = (side: Side) => {
    const label = labelOf(declaration, side);
    return openSide(declaration, side, context).catch((thrown: unknown) => ofSide(asTandemError(thrown), label));
  };
  const [left, right] = await Promise.all([attempt('left'), attempt('right')]);
  return { left, right };
}

/** The same error, with the side that it happened on. */
function ofSide(error: TandemError, label: string): TandemError {
  const at = { side: label, ...error.details.at };
  return new TandemError(error.code as Code, error.message, { ...error.details, at, cause: error });
}

/** Opens one side of a declaration, once more. Throws TandemError TD4xxx, TD5014. */
export function openSide(declaration: Declaration, side: Side, context: Context): Promise<Endpoint> {
  return openEndpoint({ sync: declaration.name, side, label: labelOf(declaration, side) }, declaration[side], context);
}

/** Opens one database of a sync. Throws TandemError TD4xxx, TD5014. */
export async function openEndpoint(
  names: Pick<EndpointOptions, 'sync' | 'side' | 'label'>,
  { engine, url, stateSchema, tls }: EndpointDeclaration,
  context: Context,
): Promise<Endpoint> {
  const database = await openDatabase(engine);
  const options = { ...names, url, stateSchema: stateSchema ?? 'tandem' };
  return database.open(
    tls === undefined ? options : { ...options, tls: { ...tls, verify: tls.verify ?? true } },
    context,
  );
}

export async function closeAll(endpoints: readonly (Endpoint | TandemError)[]): Promise<void> {
  for (const endpoint of endpoints) {
    if (!(endpoint instanceof TandemError)) await endpoint[Symbol.asyncDispose]();
  }
}

/** The tables that links name; all of them where a name matches none, so that a finding can suggest the one meant. */
export async function inspectLinked(
  endpoint: Endpoint,
  declaration: Declaration,
  side: Side,
): Promise<readonly TableSchema[]> {
  const named = Object.values(declaration.links).map((link) => link[side]);
  const own = new Set((await ownTables(endpoint, declaration[side])).map(tableName));
  const isOurs = (ref: TableRef) => own.has(tableName(ref)) || named.includes(tableName(ref));
  const all = (await endpoint.tables()).filter(isOurs);
  const isNamed = (ref: TableRef) => named.includes(ref.table) || named.includes(tableName(ref));
  const everyNameIsThere = named.every((name) => all.some((ref) => ref.table === name || tableName(ref) === name));
  return endpoint.inspect(everyNameIsThere ? all.filter(isNamed) : all);
}

/**
 * The tables of the database that the URL names. A PostgreSQL connection sees no other; one to MySQL or MariaDB sees
 * those of every database of the server, which are nobody's concern unless a link names them.
 */
export async function ownTables(endpoint: Endpoint, { url }: EndpointDeclaration): Promise<readonly TableRef[]> {
  const all = await endpoint.tables();
  if (endpoint.facts.engine !== 'mysql' && endpoint.facts.engine !== 'mariadb') return all;
  const database = decodeURIComponent(new URL(url).pathname.slice(1));
  return database === '' ? all : all.filter((ref) => ref.schema === database);
}

/** The plan, for what cannot go on without one. Throws the first error among the findings. */
export function planOf({ plan, findings }: Pick<Prepared, 'plan' | 'findings'>): SyncPlan {
  if (plan !== null) return plan;
  const finding = findings.find(({ severity }) => severity === 'error');
  if (finding === undefined) throw new TandemError('TD9002', 'a mapping without errors did not compile');
  const { code, message, expected, found, fix, at } = finding;
  throw new TandemError(code, message, {
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    ...(fix === undefined ? {} : { fix }),
    ...(at === undefined ? {} : { at }),
  });
}

/** The tables of one side that links name. */
export function linkedTables(plan: SyncPlan, side: Side): readonly TableRef[] {
  return plan.lanes.flatMap((lane) => lane.links.map((link) => link[side].ref));
}
