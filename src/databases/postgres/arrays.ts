import type { Value } from '../../model/value.ts';

/**
 * Text form of arrays (PostgreSQL manual 8.15.6): braces, commas, elements quoted where needed, NULL unquoted.
 */
export function parseArray(text: string, decode: ((item: string) => Value) | null): Value {
  // An array that does not begin at index 1 has no canonical form; it stays the text that PostgreSQL wrote.
  if (!text.startsWith('{')) return text;
  const parser = new ArrayParser(text, decode);
  return parser.array();
}

class ArrayParser {
  private readonly text: string;
  private readonly decode: ((item: string) => Value) | null;
  private at = 0;

  constructor(text: string, decode: ((item: string) => Value) | null) {
    this.text = text;
    this.decode = decode;
  }

  array(): Value[] {
    const items: Value[] = [];
    this.at += 1;
    while (this.at < this.text.length) {
      const character = this.text[this.at];
      if (character === '}') {
        this.at += 1;
        return items;
      }
      if (character === ',') this.at += 1;
      else if (character === '{') items.push(this.array());
      else if (character === '"') items.push(this.item(this.quoted()));
      else items.push(this.bare());
    }
    throw new SyntaxError('an array has no end');
  }

  private item(text: string): Value {
    return this.decode === null ? text : this.decode(text);
  }

  private bare(): Value {
    const start = this.at;
    while (this.at < this.text.length && this.text[this.at] !== ',' && this.text[this.at] !== '}') this.at += 1;
    const text = this.text.slice(start, this.at);
    return text === 'NULL' ? null : this.item(text);
  }

  private quoted(): string {
    let text = '';
    this.at += 1;
    let start = this.at;
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) throw new SyntaxError('a quoted array element has no end');
      if (character === '"') break;
      if (character === '\\') {
        text += this.text.slice(start, this.at);
        this.at += 1;
        start = this.at;
      }
      this.at += 1;
    }
    text += this.text.slice(start, this.at);
    this.at += 1;
    return text;
  }
}

const special = /["\\]/;

function escape(text: string): string {
  return special.test(text) ? text.replaceAll(/["\\]/g, '\\$&') : text;
}

function quoteElement(text: string | null): string {
  return text === null ? 'NULL' : `"${escape(text)}"`;
}

/**
 * Elements of a flat array, such as one column of a whole run, as one literal. Joined in one go where none is NULL: a
 * text that grows piece by piece is a tree of small objects (1900 bytes a row) until it is written out.
 */
export function joinElements(elements: readonly (string | null)[]): string {
  const escaped: string[] = [];
  for (const element of elements) {
    if (element === null) return `{${elements.map(quoteElement).join(',')}}`;
    escaped.push(escape(element));
  }
  return escaped.length === 0 ? '{}' : `{"${escaped.join('","')}"}`;
}

/** Nested arrays of canonical elements as one array literal. */
export function formatArray(items: readonly Value[], encode: (item: Value) => string | null): string {
  const parts = items.map((item) => (Array.isArray(item) ? formatArray(item, encode) : quoteElement(encode(item))));
  return `{${parts.join(',')}}`;
}
