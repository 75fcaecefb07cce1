/**
 * The texts that a CHECK constraint allows, where it is nothing but a list of them; null for every other constraint.
 * PostgreSQL prints `x IN ('a', 'b')` back as `CHECK (((x)::text = ANY ((ARRAY['a'::character varying,
 * ...])::text[])))`, and a list of one as `CHECK ((x = 'a'::text))`.
 */
export function checkValues(definition: string): readonly string[] | null {
  const inner = /^CHECK \((.*)\)(?: NOT VALID)?$/s.exec(definition)?.[1];
  if (inner === undefined) return null;
  const test = withoutParentheses(inner);
  const many = /^(.+?) = ANY (.+)$/s.exec(test);
  if (many !== null) return isColumn(many[1] ?? '') ? arrayItems(withoutParentheses(many[2] ?? '')) : null;
  const one = /^(.+?) = ('(?:[^']|'')*'(?:::[\w ."]+)?)$/s.exec(test);
  if (one === null || !isColumn(one[1] ?? '')) return null;
  const item = textItem(one[2] ?? '');
  return item === null ? null : [item];
}

function isColumn(text: string): boolean {
  return /^\(?(?:\w+|"(?:[^"]|"")+")\)?(?:::[\w ."]+)?$/.test(text);
}

function arrayItems(text: string): string[] | null {
  const uncast = text.replace(/^\((.*)\)::[\w ."]+\[\]$/s, '$1');
  const list = /^ARRAY\[(.*)\]$/s.exec(uncast)?.[1];
  if (list === undefined) return null;
  const items = list.match(/\(?'(?:[^']|'')*'(?:::[\w ."]+)?\)?(?:::[\w ."]+)?/g) ?? [];
  // Anything between the items but commas means that they are not all plain texts.
  if (items.join(', ') !== list) return null;
  const values = items.map(textItem);
  return values.every((value) => value !== null) ? values : null;
}

function textItem(text: string): string | null {
  const quoted = /^\(?'((?:[^']|'')*)'/.exec(text)?.[1];
  return quoted === undefined ? null : quoted.replaceAll("''", "'");
}

/** Takes off pairs of parentheses that enclose the whole text. */
function withoutParentheses(text: string): string {
  let inner = text.trim();
  while (inner.startsWith('(') && closing(inner) === inner.length - 1) inner = inner.slice(1, -1).trim();
  return inner;
}

/** Where the parenthesis that the text begins with is closed. */
function closing(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "'") quoted = !quoted;
    else if (!quoted && character === '(') depth += 1;
    else if (!quoted && character === ')' && (depth -= 1) === 0) return at;
  }
  return -1;
}
