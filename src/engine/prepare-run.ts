import { compile } from '../mapping/compile.ts';
import type { Context } from '../model/context.ts';
import type { Declaration } from '../mapping/declaration.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { TandemError } from '../model/error.ts';
import { otherSide, type Side } from '../model/policy.ts';
import { sameTable, type TableSchema } from '../model/schema.ts';
import { misfitsOf } from './drift.ts';
import type { LaneTables } from './open-groups.ts';
import { compileOver, type Endpoints, openEndpoints, type Prepared } from './prepare.ts';
import { stateOrNull } from './state-or-null.ts';
import { columnOf, streamFrom } from './stations.ts';

/** A sync that can run, though some of its table groups may have to stay stopped. */
export interface Runnable extends Prepared {
  /** Why, by lane id; those lanes are planned for the tables as they were when the mapping last fitted them. */
  readonly misfits: ReadonlyMap<string, TandemError>;
}

/**
 * Opens both databases and compiles the mapping. Where it does not fit tables that it once did fit, their groups are
 * planned for the tables as they were: they will stand still, note what changes, and hold up nobody else. `plan` is
 * null where the mapping fits neither. Throws TandemError TD4xxx, TD5014 where a database cannot be opened.
 */
export async function prepareToRun(declaration: Declaration, context: Context): Promise<Runnable> {
  return prepareOver(await openEndpoints(declaration, context), declaration);
}

/** The same over databases that are open. They belong to the result, and are closed on failure. */
export async function prepareOver(endpoints: Endpoints, declaration: Declaration): Promise<Runnable> {
  const prepared = await compileOver(endpoints, declaration);
  if (prepared.plan !== null) return { ...prepared, misfits: new Map() };
  try {
    return await asItWas(prepared);
  } catch (thrown) {
    await prepared[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** What of it can run now. */
export function fittingPart({ misfits, plan, ...rest }: Runnable): Prepared {
  return { ...rest, plan: plan && { ...plan, lanes: plan.lanes.filter(({ id }) => !misfits.has(id)) } };
}

async function asItWas(prepared: Prepared): Promise<Runnable> {
  const { declaration, findings } = prepared;
  const failing = new Set(
    findings.flatMap(({ severity, path }) => (severity === 'error' && path?.[0] === 'links' ? [path[1]] : [])),
  );
  const stored = (await storedTables(prepared)).filter(({ links }) => links.some((link) => failing.has(link)));
  const of = (side: Side): readonly TableSchema[] => {
    const tables = stored.flatMap((lane) => lane[side]);
    return [...prepared.schemas[side].filter(({ ref }) => !tables.some((was) => sameTable(was.ref, ref))), ...tables];
  };
  const schemas = { left: of('left'), right: of('right') };
  const { plan } = compile(declaration, schemas);
  if (plan === null) return { ...prepared, misfits: new Map() };
  return { ...prepared, schemas, plan, misfits: misfitsOf(plan.lanes, findings) };
}

/** Each direction notes the same of a group, in its own target. */
async function storedTables(prepared: Prepared): Promise<readonly LaneTables[]> {
  const lanes = new Map<string, LaneTables>();
  for (const side of ['left', 'right'] as const) {
    for (const lane of await storedIn(prepared[side], side)) lanes.set(lane.links.join(' '), lane);
  }
  return [...lanes.values()];
}

async function storedIn(endpoint: Endpoint, side: Side): Promise<readonly LaneTables[]> {
  const shape = endpoint.state.table_group;
  await using target = await endpoint.target();
  const rows = await stateOrNull(target.find(shape, [columnOf(shape, 'stream')], [[streamFrom(otherSide(side))]]));
  return (rows ?? []).map((row) => JSON.parse(String(row[columnOf(shape, 'tables')])) as LaneTables);
}
