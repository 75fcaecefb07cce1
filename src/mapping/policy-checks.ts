import { type ColumnGroup, type GroupPolicy, type Policy, type RowPolicy, SIDES } from '../model/policy.ts';
import type { Kind } from '../model/value.ts';
import type { Declaration } from './declaration.ts';
import { type Findings, unknownName } from './findings.ts';
import { type LinkDraft, type LinkedColumn, place } from './link-draft.ts';
import { flowsTo } from './pair-checks.ts';

interface Subject {
  readonly draft: LinkDraft;
  readonly path: readonly (string | number)[];
  /** Indexes of the key's columns. */
  readonly key: readonly number[];
  readonly findings: Findings;
}

/** The conflict policy of a link, held against its columns. `key`: indexes of the key's columns in the image. */
export function compilePolicy(
  draft: LinkDraft,
  declaration: Declaration,
  key: readonly number[],
  findings: Findings,
): Policy {
  const declared = draft.declaration.conflict;
  const policy = declared ?? declaration.defaults.conflict ?? { kind: 'newest' };
  const path = declared === undefined ? ['defaults', 'conflict'] : ['links', draft.id, 'conflict'];
  const subject = { draft, path, key, findings };
  if (policy.kind !== 'columns') checkComparison(subject, policy);
  else {
    checkComparison(subject, policy.default);
    checkGroups(subject, policy.columns);
  }
  return policy;
}

/** `newest` by a column needs that column. */
function checkComparison({ draft, path, findings }: Subject, policy: RowPolicy | GroupPolicy): void {
  if (policy.kind === 'perColumn') return checkComparison({ draft, path, key: [], findings }, policy.overlap);
  if (policy.kind !== 'newest' || policy.column === undefined) return;
  const names = draft.columns.map((linked) => linked.left.name);
  if (names.includes(policy.column)) return;
  findings.error('TD2103', `the conflict policy of '${draft.id}' compares '${policy.column}', which is not linked`, {
    path,
    ...unknownName(policy.column, names),
    fix: `conflict: newestWins() in the link '${draft.id}' compares the times in the logs instead`,
  });
}

function checkGroups(subject: Subject, groups: readonly ColumnGroup[]): void {
  const { draft, findings, key } = subject;
  const names = draft.columns.map((linked) => linked.left.name);
  const taken = new Set<string>();
  groups.forEach((group, at) => {
    const path = [...subject.path, 'columns', at];
    checkComparison({ ...subject, path }, group.policy);
    for (const name of group.columns) {
      const index = names.indexOf(name);
      const linked = draft.columns[index];
      if (linked === undefined) {
        const message = `a column group of '${draft.id}' names '${name}', which is not linked`;
        findings.error('TD2103', message, { path, ...unknownName(name, names) });
      } else if (taken.has(name)) {
        const message = `'${name}' is in two column groups of '${draft.id}'`;
        findings.error('TD8015', message, { path, expected: 'each column in one group at most' });
      } else if (key.includes(index)) {
        const message = `'${name}' is part of the key of '${draft.id}', which needs no policy`;
        findings.error('TD8015', message, { path, expected: 'columns that are not part of the key' });
      } else if (group.policy.kind === 'delta') checkCounter({ ...subject, path }, linked);
      taken.add(name);
    }
  });
}

/** As arbiter/sums.ts adds them. */
const EXACT_NUMBERS: readonly Kind[] = ['int', 'bigint', 'decimal'];

/** Can both sides add to this column, and is the sum of what they added the same on both? */
function checkCounter({ draft, path, findings }: Subject, linked: LinkedColumn): void {
  const { left, right } = linked;
  const refuse = (message: string, expected: string) =>
    findings.error('TD8015', message, { path, expected, at: place(draft, 'left', left) });
  const inexact = SIDES.find((side) => !EXACT_NUMBERS.includes(linked[side].kind));
  if (inexact !== undefined) {
    const found = `${linked[inexact].name} is ${linked[inexact].native}`;
    refuse(`${found}, and \`delta\` adds exact numbers only`, 'an integer or decimal column on both sides');
  } else if (linked.codec !== null) {
    refuse(
      `${left.name} goes through ${linked.codec.name}, and \`delta\` adds what is stored`,
      'a column without a codec',
    );
  } else if (!SIDES.every((side) => flowsTo(draft, linked, side))) {
    refuse(`${left.name} flows one way, so there is nothing to add up`, 'a column that flows both ways, or no delta');
  } else if (left.kind === 'decimal' && (left.scale ?? null) !== (right.scale ?? null)) {
    refuse(`${left.name} and ${right.name} keep different numbers of decimals`, 'the same scale on both sides');
  }
}
