/**
 * The canonical text of a JSON value, see value.ts: members sorted by name (UTF-16 order), the last of equal names
 * wins, no blanks, strings as `JSON.stringify` prints them, numbers as they were written (`JSON.parse` would turn
 * 9007199254740993 into ...992 and 1.0 into 1). Throws SyntaxError on anything that is not one JSON value.
 */
export function canonicalJson(text: string): string {
  const scanner = new Scanner(text);
  const value = scanner.value();
  scanner.end();
  return value;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const QUOTE = 34;
const BACKSLASH = 92;

class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(): string {
    switch (this.peek()) {
      case '{':
        return this.object();
      case '[':
        return this.array();
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
      members.set(unquoted(token), `${token}:${this.value()}`);
    } while (this.next(',', '}'));
    const names = [...members.keys()].toSorted();
    return `{${names.map((name) => members.get(name)).join(',')}}`;
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
