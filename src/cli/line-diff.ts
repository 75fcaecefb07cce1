export interface DiffLine {
  readonly sign: '+' | '-';
  /** Line number in the new text for `+`, in the old text for `-`, from 1. */
  readonly line: number;
  readonly text: string;
}

/** Beyond this many changed lines the shortest script is not looked for; the texts have little in common then. */
const editsMax = 2000;

/**
 * The fewest lines to remove and to add that turn one text into the other: E. W. Myers, An O(ND) Difference Algorithm
 * and Its Variations, 1986.
 */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  const trace: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(a.length + b.length, editsMax); edits += 1) {
    trace.push(furthest);
    const next = new Map(furthest);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = stepInto(furthest, diagonal, edits);
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return walkBack(a, b, trace);
    }
    furthest = next;
  }
  return [...a.map((text, at) => lineOf('-', at, text)), ...b.map((text, at) => lineOf('+', at, text))];
}

/** Did the furthest path to this diagonal add a line (come from the diagonal above), rather than remove one? */
function addsLine(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  if (diagonal === edits) return false;
  return (furthest.get(diagonal - 1) ?? 0) < (furthest.get(diagonal + 1) ?? 0);
}

function stepInto(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): number {
  if (addsLine(furthest, diagonal, edits)) return furthest.get(diagonal + 1) ?? 0;
  return (furthest.get(diagonal - 1) ?? 0) + 1;
}

function walkBack(a: readonly string[], b: readonly string[], trace: readonly Map<number, number>[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const furthest = trace[edits] ?? new Map<number, number>();
    const isAdded = addsLine(furthest, x - y, edits);
    const diagonal = isAdded ? x - y + 1 : x - y - 1;
    x = furthest.get(diagonal) ?? 0;
    y = x - diagonal;
    lines.push(isAdded ? lineOf('+', y, b[y] ?? '') : lineOf('-', x, a[x] ?? ''));
  }
  return lines.toReversed();
}

function lineOf(sign: '+' | '-', at: number, text: string): DiffLine {
  return { sign, line: at + 1, text };
}
