import { otherSide, type Side, SIDES } from '../model/policy.ts';
import { type Column, tableName } from '../model/schema.ts';
import type { Findings } from './findings.ts';
import { convertible } from './kinds.ts';
import { type LinkDraft, type LinkedColumn, place, writes } from './link-draft.ts';
import { insteadOf, misfitOf } from './misfits.ts';
import { contains, integerRange } from './ranges.ts';
import { checkValues } from './value-checks.ts';

interface Subject {
  readonly draft: LinkDraft;
  readonly linked: LinkedColumn;
  readonly path: readonly string[];
  readonly findings: Findings;
}

/**
 * Do two linked columns mean the same? `translated`: the values are keys that the key map translates, so neither kind
 * nor range has to agree.
 */
export function checkPair(draft: LinkDraft, linked: LinkedColumn, translated: boolean, findings: Findings): void {
  const subject = { draft, linked, path: ['links', draft.id, 'columns', linked.left.name], findings };
  if (!checkSupported(subject) || !checkLogged(subject) || !checkCodec(subject)) return;
  for (const side of SIDES) if (flowsTo(draft, linked, side)) checkWritable(subject, side);
  checkNulls(subject);
  if (translated) {
    refuseCodec(subject);
    return;
  }
  if (linked.codec === null) {
    if (!checkKinds(subject)) return;
    for (const side of SIDES) if (flowsTo(draft, linked, side)) checkSize(subject, side);
    noteFraction(subject);
  }
  checkValues(draft, linked, subject.path, findings);
}

/** Does Tandem write values of this pair towards a side? */
export function flowsTo(draft: LinkDraft, linked: LinkedColumn, side: Side): boolean {
  return (
    writes(draft, side) &&
    (linked.direction === 'both' || linked.direction === (side === 'left' ? 'toLeft' : 'toRight'))
  );
}

function checkSupported({ draft, linked, path, findings }: Subject): boolean {
  const unsupported = SIDES.filter((side) => linked[side].kind === 'unsupported');
  for (const side of unsupported) {
    const expected = insteadOf(linked[side].native);
    findings.error('TD2108', `${linked[side].name} has the type ${linked[side].native}, which Tandem does not carry`, {
      path,
      ...(expected === null ? {} : { expected }),
      fix: `${linked.left.name}: skip()`,
      at: place(draft, side, linked[side]),
    });
  }
  return unsupported.length === 0;
}

/** PostgreSQL leaves computed columns out of its log, so a change of one is never seen, whichever way it is linked. */
function checkLogged({ draft, linked, path, findings }: Subject): boolean {
  const unlogged = SIDES.filter((side) => linked[side].generated && draft.engines[side] === 'postgres');
  for (const side of unlogged) {
    findings.error('TD2312', `${linked[side].name} is computed by PostgreSQL, whose log leaves it out`, {
      path,
      expected: 'a plain column, or the same computation on the other side and no link',
      fix: `${linked.left.name}: skip()`,
      at: place(draft, side, linked[side]),
    });
  }
  return unlogged.length === 0;
}

function checkCodec({ linked, path, findings }: Subject): boolean {
  const codec = linked.codec;
  if (codec === null) return true;
  // Still unplaced: resolve.ts has reported it.
  if (codec.between !== undefined) return false;
  const missing = (['toRight', 'toLeft'] as const).filter((way) => typeof codec[way] !== 'function');
  if (missing.length > 0) {
    findings.error('TD2110', `the codec ${codec.name} has no ${missing.join(' and no ')}`, {
      path: [...path, 'codec'],
      expected: 'a pair of functions, toRight and toLeft',
    });
    return false;
  }
  const table = typeof codec.spec === 'object' && 'enumMap' in codec.spec ? Object.values(codec.spec.enumMap) : [];
  const twice = table.filter((value, at) => table.indexOf(value) !== at);
  if (twice.length === 0) return true;
  findings.error('TD2110', `the table maps several values to '${twice.join("', '")}', so there is no way back`, {
    path: [...path, 'codec'],
    expected: 'each right value once',
  });
  return false;
}

function refuseCodec({ linked, path, findings }: Subject): void {
  if (linked.codec === null) return;
  findings.error('TD1002', `${linked.left.name} holds keys that the key map translates, so it takes no codec`, {
    path: [...path, 'codec'],
    expected: `${linked.left.name}: '${linked.right.name}'`,
    found: linked.codec.name,
  });
}

function checkWritable({ draft, linked, path, findings }: Subject, side: Side): void {
  const column = linked[side];
  if (!column.generated) return;
  const direction = side === 'left' ? 'toRight' : 'toLeft';
  findings.error('TD2109', `${column.name} is computed by its database and cannot be written`, {
    path,
    expected: `direction: '${direction}'`,
    fix: `${linked.left.name}: { to: '${linked.right.name}', direction: '${direction}' }`,
    at: place(draft, side, column),
  });
}

function checkNulls({ draft, linked, path, findings }: Subject): void {
  if (linked.codec?.nulls === 'convert') return;
  for (const side of SIDES) {
    const [from, to] = [linked[otherSide(side)], linked[side]];
    if (!from.nullable || to.nullable || to.generated || !flowsTo(draft, linked, side)) continue;
    const codec = side === 'right' ? 'nullAs(...)' : 'flip(nullAs(...))';
    findings.error('TD2105', `${from.name} may be NULL, ${to.name} may not`, {
      path,
      expected: 'NULL allowed on both sides or on none, or nullAs()',
      fix: `${linked.left.name}: via('${linked.right.name}', ${codec})`,
      at: place(draft, side, to),
    });
  }
}

function checkKinds({ draft, linked, path, findings }: Subject): boolean {
  const { left, right } = linked;
  if (convertible(left, right)) return true;
  const { code, message, expected } = misfitOf(left, right) ?? {
    code: 'TD2104',
    message: `${left.name} is ${describeKind(left)}, ${right.name} is ${describeKind(right)}`,
    expected: 'kinds that stand for each other, or a codec',
  };
  findings.error(code, message, {
    path,
    expected,
    found: `${left.native} and ${right.native}`,
    fix: `${left.name}: via('${right.name}', codec('...', { toRight: ..., toLeft: ... }))`,
    at: { left: tableName(draft.tables.left.ref), right: tableName(draft.tables.right.ref) },
  });
  return false;
}

function describeKind(column: Column): string {
  if (column.kind === 'array') return `an array of ${column.element ?? 'unknown'}`;
  return column.length === null ? column.kind : `${column.kind}(${column.length})`;
}

/** A narrower column refuses longer values when they come; it is better to know before. */
function checkSize({ draft, linked, path, findings }: Subject, side: Side): void {
  const [from, to] = [linked[otherSide(side)], linked[side]];
  if (!isNarrower(to, from)) return;
  findings.warning('TD2304', `${to.name} (${to.native}) holds less than ${from.name} (${from.native})`, {
    path,
    expected: 'columns of equal size; a larger value will be parked, never cut',
    fix: `widen ${tableName(draft.tables[side].ref)}.${to.name}`,
    at: place(draft, side, to),
  });
}

function isNarrower(to: Column, from: Column): boolean {
  if (to.values !== null || from.values !== null) return false;
  switch (to.kind) {
    case 'text':
    case 'bytes':
    case 'bit':
      return from.kind === to.kind && to.length !== null && (from.length === null || from.length > to.length);
    case 'int':
    case 'bigint': {
      const [range, held] = [integerRange(to), integerRange(from)];
      return range !== null && held !== null && !contains(range, held);
    }
    case 'decimal':
      return from.kind === 'decimal' && decimalIsNarrower(to, from);
    case 'float4':
      return from.kind === 'float8';
    default:
      return false;
  }
}

function decimalIsNarrower(to: Column, from: Column): boolean {
  if (to.precision === null) return false;
  if (from.precision === null) return true;
  const [scale, fromScale] = [to.scale ?? 0, from.scale ?? 0];
  return fromScale > scale || from.precision - fromScale > to.precision - scale;
}

function noteFraction({ draft, linked, path, findings }: Subject): void {
  const [left, right] = [linked.left.fraction, linked.right.fraction];
  if (left === null || right === null || left === right) return;
  const finer = left > right ? 'left' : 'right';
  findings.note('TD2304', `${linked.left.name} keeps ${left} digits of a second, ${linked.right.name} ${right}`, {
    path,
    expected: `${Math.min(left, right)} digits are compared; the ${finer} side keeps what it has stored`,
    at: place(draft, finer, linked[finer]),
  });
}
