/**
 * JSON with numbers kept as they were written: `JSON.parse` would turn 9007199254740993 into ...992 and 1.0 into 1.
 */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;

export interface JsonNumber {
  readonly digits: string;
}

export interface JsonObject {
  /** In the order of the text; the last of equal names is the one that counts. */
  readonly members: ReadonlyMap<string, Json>;
}

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

/** Throws SyntaxError on anything that is not one JSON value. */
export function parseJson(text: string): Json {
  const tokens = new Tokens(text);
  const value = parseValue(tokens, tokens.next());
  if (!tokens.atEnd()) throw new SyntaxError('text after the JSON value');
  return value;
}

class Tokens {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  next(): string {
    TOKEN.lastIndex = this.at;
    const match = TOKEN.exec(this.text);
    if (match === null) throw new SyntaxError('not JSON');
    this.at = TOKEN.lastIndex;
    return match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
  }

  atEnd(): boolean {
    return this.text.slice(this.at).trim() === '';
  }
}

function parseValue(tokens: Tokens, token: string): Json {
  if (token === '{') return parseObject(tokens);
  if (token === '[') return parseArray(tokens);
  if (token.startsWith('"')) return JSON.parse(token) as string;
  if (token === 'null') return null;
  if (token === 'true' || token === 'false') return token === 'true';
  if (/^[-\d]/.test(token)) return { digits: token };
  throw new SyntaxError('not JSON');
}

function parseArray(tokens: Tokens): Json {
  const items: Json[] = [];
  let token = tokens.next();
  if (token === ']') return items;
  for (;;) {
    items.push(parseValue(tokens, token));
    const separator = tokens.next();
    if (separator === ']') return items;
    if (separator !== ',') throw new SyntaxError('not JSON');
    token = tokens.next();
  }
}

function parseObject(tokens: Tokens): Json {
  const members = new Map<string, Json>();
  let token = tokens.next();
  if (token === '}') return { members };
  for (;;) {
    if (!token.startsWith('"') || tokens.next() !== ':') throw new SyntaxError('not JSON');
    members.set(JSON.parse(token) as string, parseValue(tokens, tokens.next()));
    const separator = tokens.next();
    if (separator === '}') return { members };
    if (separator !== ',') throw new SyntaxError('not JSON');
    token = tokens.next();
  }
}

/** The canonical text of model/value.ts: members sorted by name, no blanks, numbers as written. */
export function printJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if ('digits' in value) return value.digits;
  if ('members' in value) {
    const names = [...value.members.keys()].sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${printJson(value.members.get(name) ?? null)}`).join(',')}}`;
  }
  return `[${value.map(printJson).join(',')}]`;
}
