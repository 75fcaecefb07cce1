/** A CHECK of the form `column IN ('a', 'b')`, as the catalogue prints it. */
export interface AllowedValues {
  readonly column: string;
  readonly values: readonly string[];
}

const inList = /^\(*`((?:[^`]|``)+)` in \((.*)\)$/is;
const literal = /\s*(?:_[a-z0-9]+)?'((?:[^'\\]|\\.|'')*)'\s*(,|$)/isy;

/** Reads a CHECK clause; null for every other form. */
export function parseCheck(clause: string): AllowedValues | null {
  const text = withoutParentheses(clause.trim());
  const match = inList.exec(text);
  if (match === null) return null;
  const values = parseLiterals(match[2] ?? '');
  return values === null ? null : { column: (match[1] ?? '').replaceAll('``', '`'), values };
}

/** MySQL's catalogue escapes the clause once more, as if it stood in a string itself. */
export function unescapeClause(clause: string): string {
  return clause.replaceAll(/\\(.)/gs, '$1');
}

/** The column that a clause of the form `json_valid(column)` speaks of: that is what JSON means in MariaDB. */
export function parseJsonValid(clause: string): string | null {
  const match = /^json_valid\(`((?:[^`]|``)+)`\)$/i.exec(withoutParentheses(clause.trim()));
  return match?.[1]?.replaceAll('``', '`') ?? null;
}

/** Takes off pairs of parentheses around the whole; those of the list stay, because a name stands before them. */
function withoutParentheses(text: string): string {
  let inner = text;
  while (inner.startsWith('(') && inner.endsWith(')')) inner = inner.slice(1, -1);
  return inner;
}

function parseLiterals(list: string): readonly string[] | null {
  const values: string[] = [];
  literal.lastIndex = 0;
  for (;;) {
    const match = literal.exec(list);
    if (match === null) return null;
    values.push(unescapeLiteral(match[1] ?? ''));
    if (match[2] === '') return values;
  }
}

const escapes: Readonly<Record<string, string>> = { 0: '\0', n: '\n', r: '\r', t: '\t', b: '\b', Z: '\u001A' };

function unescapeLiteral(text: string): string {
  return text.replaceAll(/''|\\(.)/gs, (whole, char: string | undefined) =>
    whole === "''" ? "'" : (escapes[char ?? ''] ?? char ?? ''),
  );
}

/** The labels of `enum('a','b''c')` or `set(...)`, in the order of definition. Only quotes are escaped there. */
export function parseLabels(columnType: string): readonly string[] {
  return [...columnType.matchAll(/'((?:[^']|'')*)'/gs)].map((match) => (match[1] ?? '').replaceAll("''", "'"));
}
