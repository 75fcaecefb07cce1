import type { Finding } from '../model/finding.ts';
import type { ColumnPair, LanePlan, LinkPlan, LinkSide, SyncPlan } from '../model/plan.ts';
import { type Side, SIDES } from '../model/policy.ts';
import { tableName } from '../model/schema.ts';
import { type Declaration, type End, SYNC_NAME, SYNC_NAME_WORDS } from './declaration.ts';
import { Findings } from './findings.ts';
import { compileKeys, type LinkKeys } from './keys.ts';
import { placeLinks } from './lanes.ts';
import type { LinkDraft } from './link-draft.ts';
import { writes } from './link-draft.ts';
import { compileConstants, compileFilter } from './link-sides.ts';
import { compileKeyPair, compilePair } from './pair.ts';
import { checkPair } from './pair-checks.ts';
import { compilePolicy } from './policy-checks.ts';
import { compileRelations, type LinkRelations } from './relations.ts';
import { resolveLinks, type Schemas } from './resolve.ts';
import { checkUniques, imageUniques } from './uniques.ts';

export interface Compiled {
  /** null when any finding is an error. */
  readonly plan: SyncPlan | null;
  /** All of them, in declaration order. */
  readonly findings: readonly Finding[];
}

/**
 * What the user declared, compared with what both databases have. Pure; finds every mistake at once, so that nobody has
 * to mend and run again. `schemas` are as inspected: the linked tables at least; other tables only improve suggestions.
 */
export function compile(declaration: Declaration, schemas: Schemas): Compiled {
  const findings = new Findings();
  checkNames(declaration, findings);
  const drafts = resolveLinks(declaration, schemas, findings);
  const keyed = new Map(drafts.map((draft) => [draft, compileKeys(draft, declaration.defaults, findings)]));
  const relations = compileRelations(keyed, schemas, findings);
  const compiled: UnplacedLink[] = [];
  for (const [draft, keys] of keyed) {
    const related = relations.get(draft);
    if (related !== undefined) compiled.push(compileLink(draft, keys, related, declaration, findings));
  }
  return { plan: findings.failed ? null : assemble(declaration, compiled), findings: findings.all };
}

/** The sync's name goes into slot and publication names; a link's id is the key of state rows of 64 characters. */
function checkNames(declaration: Declaration, findings: Findings): void {
  if (!SYNC_NAME.test(declaration.name)) {
    findings.error('TD1002', `'${declaration.name}' cannot name a sync`, {
      path: ['name'],
      expected: SYNC_NAME_WORDS,
    });
  }
  for (const id of Object.keys(declaration.links)) {
    if (id.length > 64)
      findings.error('TD1002', 'the name of a link is too long', {
        path: ['links', id],
        expected: '64 characters at most',
      });
  }
  if (Object.keys(declaration.links).length === 0) {
    findings.error('TD1002', 'there are no links', { path: ['links'], expected: 'at least one pair of tables' });
  }
}

type UnplacedLink = Omit<LinkPlan, 'lane' | 'rank'>;

function compileLink(
  draft: LinkDraft,
  keys: LinkKeys,
  relations: LinkRelations,
  declaration: Declaration,
  findings: Findings,
): UnplacedLink {
  const pairs = compilePairs(draft, keys, relations, findings);
  checkUniques(draft, findings);
  for (const side of SIDES) if (writes(draft, side)) warnTriggers(draft, side, findings);
  const left = compileSide(draft, 'left', keys, relations, findings);
  const right = compileSide(draft, 'right', keys, relations, findings);
  return {
    id: draft.id,
    left,
    right,
    pairs,
    direction: draft.direction,
    keys: keys.keys,
    naturalKeys: keys.naturalKeys,
    parents: relations.parents,
    cascades: relations.cascades,
    policy: compilePolicy(draft, declaration, keys.key, findings),
    deletes: draft.declaration.deletes ?? declaration.defaults.deletes ?? 'sync',
    foreignKey: draft.declaration.foreignKey ?? declaration.defaults.foreignKey ?? 'park',
    truncate: draft.declaration.truncate ?? declaration.defaults.truncate ?? 'stop',
  };
}

function compilePairs(
  draft: LinkDraft,
  keys: LinkKeys,
  relations: LinkRelations,
  findings: Findings,
): readonly ColumnPair[] {
  const translated = new Set(relations.parents.map((parent) => parent.column));
  if (keys.keys === 'mapped') for (const at of keys.key) translated.add(at);
  return draft.columns.map((linked, at) => {
    const { left, right, direction } = linked;
    checkPair(draft, linked, translated.has(at), findings);
    if (translated.has(at)) return { left, right, direction, codec: null };
    const place = { link: draft.id, left: left.name, right: right.name };
    const end = (side: Side): End => ({ engine: draft.engines[side], column: linked[side], at: place });
    const compiled = keys.key.includes(at) ? compileKeyPair : compilePair;
    const { codec, canon } = compiled(end('left'), end('right'), linked.codec);
    return { left, right, direction, codec, ...(canon === null ? {} : { canon }) };
  });
}

function compileSide(
  draft: LinkDraft,
  side: Side,
  keys: LinkKeys,
  relations: LinkRelations,
  findings: Findings,
): LinkSide {
  return {
    ref: draft.tables[side].ref,
    columns: draft.columns.map((linked) => linked[side]),
    key: keys.key,
    constants: compileConstants(draft, side, findings),
    uniques: imageUniques(draft, side, keys.key),
    foreignKeys: relations.foreignKeys[side],
    where: compileFilter(draft, side, findings),
  };
}

function warnTriggers(draft: LinkDraft, side: Side, findings: Findings): void {
  for (const trigger of draft.tables[side].triggers) {
    if (trigger.guarded) continue;
    const postgres = draft.engines[side] === 'postgres';
    findings.warning('TD2303', `the trigger ${trigger.name} (${trigger.event}) fires for Tandem's writes too`, {
      path: ['links', draft.id, side],
      expected: 'a trigger that stays quiet while Tandem writes what another trigger or application already decided',
      fix: postgres
        ? "IF current_setting('tandem.apply', true) = 'on' THEN RETURN NEW; END IF;"
        : 'IF @tandem_apply IS NULL THEN ... END IF;',
      at: { side, table: tableName(draft.tables[side].ref), trigger: trigger.name },
    });
  }
}

function assemble(declaration: Declaration, links: readonly UnplacedLink[]): SyncPlan {
  const nodes = links.map((link) => {
    const references = [...link.left.foreignKeys, ...link.right.foreignKeys];
    return { id: link.id, parents: references.map((reference) => reference.link) };
  });
  const places = placeLinks(nodes);
  const lanes = new Map<string, LinkPlan[]>();
  for (const link of links) {
    const place = places.get(link.id) ?? { lane: link.id, rank: 0 };
    const lane = lanes.get(place.lane) ?? [];
    lane.push({ ...link, ...place });
    lanes.set(place.lane, lane);
  }
  const plans: LanePlan[] = [...lanes].map(([id, members]) => ({
    id,
    home: declaration.home,
    strict: declaration.strict ?? true,
    links: members,
  }));
  const label = (side: Side): string => declaration[side].label ?? side;
  return { name: declaration.name, labels: { left: label('left'), right: label('right') }, lanes: plans };
}
