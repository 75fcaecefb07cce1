import { plainNumber } from './number.ts';

/**
 * The canonical text of a JSON value, see value.ts: members sorted by name (UTF-16 order), the last of equal names
 * wins, no blanks, strings as `JSON.stringify` prints them, numbers as they were written (`JSON.parse` would turn
 * 9007199254740993 into ...992 and 1.0 into 1). What is nested more than a thousand deep, which only PostgreSQL holds,
 * stays as it was written. Throws SyntaxError on anything that is not one JSON value.
 */
export function canonicalJson(text: string): string {
  const scanner = new Scanner(text);
  try {
    const value = scanner.value();
    scanner.end();
    return value;
  } catch (thrown) {
    if (thrown instanceof TooDeep) return text;
    throw thrown;
  }
}

/** An object's members, as canonical text by their names, as the canonical text of the object. */
export function objectText(members: ReadonlyMap<string, string>): string {
  let sorted = true;
  let last: string | null = null;
  for (const name of members.keys()) {
    if (last !== null && last > name) sorted = false;
    last = name;
  }
  const entries = sorted ? members : [...members].toSorted(([a], [b]) => (a < b ? -1 : 1));
  let text = '';
  for (const [name, value] of entries) text += `${text === '' ? '{' : ','}${JSON.stringify(name)}:${value}`;
  return text === '' ? '{}' : `${text}}`;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const SPELT = /[.eE]|-0|\d{16}/;

/**
 * Canonical JSON text with every number in its plain form: a text that two JSON values share exactly when they are the
 * same. Databases spell numbers in their own ways (`1.50`, `1.5`, `15e-1`).
 */
export function plainJson(canonical: string): string {
  if (!SPELT.test(canonical)) return canonical;
  return canonical.replace(TOKEN, (token) => (token.startsWith('"') ? token : plainNumber(token)));
}

/** The numbers in a JSON text, as written. */
export function jsonNumbers(text: string): readonly string[] {
  return (text.match(TOKEN) ?? []).filter((token) => !token.startsWith('"'));
}

/** How deep arrays and objects are nested: 0 for a plain value. */
export function jsonDepth(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth -= 1;
  }
  return deepest;
}

const DEPTH_MAX = 1000;

class TooDeep extends Error {}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const QUOTE = 34;
const BACKSLASH = 92;
const BLANK = 32;

class Scanner {
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(): string {
    switch (this.peek()) {
      case '{':
      case '[':
        return this.nested();
      case '"':
        return this.string();
      case 't':
      case 'f':
      case 'n':
        return this.match(WORD);
      default:
        return this.match(NUMBER);
    }
  }

  end(): void {
    if (this.peek() !== undefined) throw new SyntaxError('text after the JSON value');
  }

  private nested(): string {
    if (++this.depth > DEPTH_MAX) throw new TooDeep();
    const text = this.text[this.at] === '{' ? this.object() : this.array();
    this.depth -= 1;
    return text;
  }

  private object(): string {
    const members = new Map<string, string>();
    this.at += 1;
    if (this.peek() === '}') {
      this.at += 1;
      return '{}';
    }
    do {
      if (this.peek() !== '"') throw new SyntaxError('not JSON');
      const token = this.string();
      this.take(':');
      members.set(unquoted(token), this.value());
    } while (this.next(',', '}'));
    return objectText(members);
  }

  private array(): string {
    const items: string[] = [];
    this.at += 1;
    if (this.peek() === ']') {
      this.at += 1;
      return '[]';
    }
    do items.push(this.value());
    while (this.next(',', ']'));
    return `[${items.join(',')}]`;
  }

  private string(): string {
    const start = this.at;
    let plain = true;
    for (let at = start + 1; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at);
      if (code < BLANK) throw new SyntaxError('a JSON string with a control character');
      if (code === BACKSLASH) {
        plain = false;
        at += 1;
      } else if (code === QUOTE) {
        this.at = at + 1;
        const token = this.text.slice(start, this.at);
        return plain ? token : JSON.stringify(JSON.parse(token));
      }
    }
    throw new SyntaxError('a JSON string has no end');
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw new SyntaxError('not JSON');
    this.at += found.length;
    return found;
  }

  /** Skips blanks and tells the character that follows. */
  private peek(): string | undefined {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return this.text[this.at];
      this.at += 1;
    }
  }

  private take(character: string): void {
    if (this.peek() !== character) throw new SyntaxError('not JSON');
    this.at += 1;
  }

  private next(separator: string, close: string): boolean {
    const found = this.peek();
    if (found !== separator && found !== close) throw new SyntaxError('not JSON');
    this.at += 1;
    return found === separator;
  }
}

function unquoted(token: string): string {
  return token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
}
