import type { Column } from '../model/schema.ts';
import type { Value } from '../model/value.ts';
import { codecSource } from './codec-spec.ts';
import type { DeclaredCodec } from './declaration.ts';
import type { Findings } from './findings.ts';
import { type LinkDraft, type LinkedColumn, place } from './link-draft.ts';
import { suggestCodec } from './suggest-codec.ts';

/**
 * Are the sets of values that two columns allow each other's image? Values of a catalogue may be named, rows' may not.
 */
export function checkValues(draft: LinkDraft, linked: LinkedColumn, path: readonly string[], findings: Findings): void {
  const left = allowed(linked.left);
  const right = allowed(linked.right);
  if (left === null && right === null) return;
  if (left === null || right === null) {
    if (linked.codec === null) warnOpenSide(draft, linked, path, findings);
    return;
  }
  const strays = {
    left: left.filter((value) => !survives(value, linked.codec, 'toRight', right)),
    right: right.filter((value) => !survives(value, linked.codec, 'toLeft', left)),
  };
  if (strays.left.length === 0 && strays.right.length === 0) return;
  const quote = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');
  const found = [
    ...(strays.left.length === 0 ? [] : [`${linked.left.name}: ${quote(strays.left)}`]),
    ...(strays.right.length === 0 ? [] : [`${linked.right.name}: ${quote(strays.right)}`]),
  ];
  const codec = linked.codec === null ? '' : ` under ${linked.codec.name}`;
  findings.error('TD2106', `${linked.left.name} and ${linked.right.name} do not allow the same values${codec}`, {
    path: linked.codec === null ? path : [...path, 'codec'],
    expected: `${left.join('|')} on the left, ${right.join('|')} on the right, one to one`,
    found: `without counterpart: ${found.join('; ')}`,
    fix: codecFix(linked, left, right),
    at: place(draft, 'left', linked.left),
  });
}

function allowed(column: Column): readonly string[] | null {
  return column.kind === 'text' ? column.values : null;
}

function survives(
  value: string,
  codec: DeclaredCodec | null,
  way: 'toRight' | 'toLeft',
  allowedThere: readonly Value[],
): boolean {
  if (codec === null) return allowedThere.includes(value);
  try {
    const there = codec[way](value);
    const back = way === 'toRight' ? codec.toLeft(there) : codec.toRight(there);
    return back === value && (there === null || allowedThere.includes(there));
  } catch {
    return false;
  }
}

function warnOpenSide(draft: LinkDraft, linked: LinkedColumn, path: readonly string[], findings: Findings): void {
  const closed = linked.left.values === null ? 'right' : 'left';
  const open = closed === 'left' ? 'right' : 'left';
  if (linked[open].kind !== 'text') return;
  findings.warning('TD2106', `${linked[open].name} allows any text, ${linked[closed].name} only some values`, {
    path,
    expected: `one of ${linked[closed].values?.join(', ')}; other values will be parked`,
    at: place(draft, open, linked[open]),
  });
}

/** How a codec for two sets of values would be written, where a built-in one does it. */
function codecFix(linked: LinkedColumn, left: readonly string[], right: readonly string[]): string {
  const suggestion = suggestCodec(left, right);
  const codec =
    suggestion === null ? `enumMap({ '${left[0] ?? ''}': '${right[0] ?? ''}', ... })` : codecSource(suggestion.spec);
  return `${linked.left.name}: via('${linked.right.name}', ${codec})`;
}
