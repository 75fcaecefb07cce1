/**
 * Canonical JSON text: keys sorted by code unit, no blanks, the last of equal keys wins, numbers as the server writes
 * them. Nothing passes through JavaScript's numbers, so none is rounded.
 */

/** An object's members as canonical text, in any order, to be sorted and joined. */
export type Members = Map<string, string>;

export function objectText(members: Members): string {
  let sorted = true;
  let last: string | null = null;
  for (const key of members.keys()) {
    if (last !== null && last > key) sorted = false;
    last = key;
  }
  const entries = sorted ? members : [...members].toSorted(([a], [b]) => (a < b ? -1 : 1));
  let text = '';
  for (const [key, value] of entries) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${value}`;
  return text === '' ? '{}' : `${text}}`;
}

/**
 * The canonical form of a JSON text. A text that is no JSON comes back as it is: MariaDB's JSON is a text whose check
 * can be switched off, and nothing may be lost then.
 */
export function canonicalJson(text: string): string {
  const parser = new Parser(text);
  try {
    return parser.document();
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/**
 * A double as MySQL writes it into JSON text: the shortest digits that stand for it, with a point or an exponent
 * always; plain up to 15 digits before the point, or while digits reach behind it (my_gcvt in strings/dtoa.cc).
 */
export function doubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponentText) + 1;
  if (point < -14 || (point > 15 && point >= digits.length)) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const blankPattern = /[ \t\n\r]*/y;

/** As deep as MySQL allows, and far from the end of the stack. */
const depthMax = 1000;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): string {
    const value = this.#value();
    this.#blanks();
    if (this.#at !== this.#text.length) throw new SyntaxError('text after the JSON value');
    return value;
  }

  #value(): string {
    this.#blanks();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return JSON.stringify(this.#string());
      case 't':
        return this.#word('true');
      case 'f':
        return this.#word('false');
      case 'n':
        return this.#word('null');
      default:
        return this.#match(numberPattern);
    }
  }

  #nested(parse: () => string): string {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new SyntaxError('JSON nested too deeply');
    this.#at += 1;
    const text = parse();
    this.#depth -= 1;
    return text;
  }

  #object(): string {
    const members: Members = new Map();
    if (this.#ends('}')) return '{}';
    do {
      this.#blanks();
      const key = this.#string();
      this.#blanks();
      this.#word(':');
      members.set(key, this.#value());
    } while (this.#goesOn('}'));
    return objectText(members);
  }

  #array(): string {
    if (this.#ends(']')) return '[]';
    const items: string[] = [];
    do items.push(this.#value());
    while (this.#goesOn(']'));
    return `[${items.join(',')}]`;
  }

  #ends(close: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== close) return false;
    this.#at += 1;
    return true;
  }

  #goesOn(close: string): boolean {
    if (this.#ends(close)) return false;
    this.#word(',');
    return true;
  }

  #string(): string {
    if (this.#text[this.#at] !== '"') throw new SyntaxError('not JSON');
    const start = this.#at;
    let end = start;
    do end = this.#text.indexOf('"', end + 1);
    while (end > 0 && this.#escaped(end));
    if (end < 0) throw new SyntaxError('not JSON');
    this.#at = end + 1;
    return JSON.parse(this.#text.slice(start, end + 1)) as string;
  }

  /** Does an odd number of backslashes stand before this quote? */
  #escaped(quote: number): boolean {
    let before = quote - 1;
    while (this.#text.charCodeAt(before) === 0x5c) before -= 1;
    return (quote - before) % 2 === 0;
  }

  #word(word: string): string {
    if (!this.#text.startsWith(word, this.#at)) throw new SyntaxError('not JSON');
    this.#at += word.length;
    return word;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new SyntaxError('not JSON');
    this.#at += found.length;
    return found;
  }

  #blanks(): void {
    blankPattern.lastIndex = this.#at;
    this.#at += blankPattern.exec(this.#text)?.[0].length ?? 0;
  }
}
