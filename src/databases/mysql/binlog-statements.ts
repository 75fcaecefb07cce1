import { sameTable, type TableRef } from '../../model/schema.ts';
import type { QueryEvent } from './binlog-events.ts';
import { xidOf } from './binlog-xa.ts';

/** What a statement in the log means to a reader of rows. */
export type Statement =
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'rollbackTo' | 'xaStart' | 'other' }
  /** The second phase of the transaction of that name. */
  | { readonly kind: 'xaCommit' | 'xaRollback'; readonly xid: string }
  | { readonly kind: 'truncate'; readonly table: TableRef }
  /** May change the columns of these tables, among all that its text could mean. */
  | {
      readonly kind: 'definition';
      readonly tables: readonly TableRef[];
      /** Names that now stand for a table which had another one, and stood for none before. */
      readonly moved: readonly TableRef[];
      /** Tables that are gone with all their rows, among all that the text could mean. */
      readonly dropped: readonly TableRef[];
    }
  /** Changes rows without saying which; `tables` are those that its text could mean. */
  | { readonly kind: 'change'; readonly tables: readonly TableRef[] };

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH', 'MERGE']);

const defining = new Set(['ALTER', 'CREATE', 'DROP', 'RENAME']);

/** Reads a statement as far as it matters. */
export function classify({ sql, database }: QueryEvent): Statement {
  if (sql === 'BEGIN') return { kind: 'begin' };
  if (sql === 'COMMIT') return { kind: 'commit' };
  const words = new Words(sql);
  const verb = words.keyword();
  switch (verb) {
    case 'BEGIN':
    case 'START':
      return { kind: 'begin' };
    case 'COMMIT':
      return { kind: 'commit' };
    case 'ROLLBACK':
      return { kind: words.rest().some((word) => word.toUpperCase() === 'TO') ? 'rollbackTo' : 'rollback' };
    case 'XA':
      return xaStatement(words.keyword(), sql);
    case 'TRUNCATE':
      return { kind: 'truncate', table: words.table(database) };
    default: {
      const rest = words.rest();
      const changes = changing.has(verb) || changesOtherwise(verb, rest);
      if (changes) return { kind: 'change', tables: namesIn(rest, database) };
      if (!defining.has(verb)) return { kind: 'other' };
      const tables = namesIn(rest, database);
      return {
        kind: 'definition',
        tables,
        moved: movedTo(verb, rest, database),
        dropped: droppedBy(verb, rest, tables),
      };
    }
  }
}

function xaStatement(word: string, sql: string): Statement {
  if (word === 'START' || word === 'BEGIN') return { kind: 'xaStart' };
  if (word === 'COMMIT') return { kind: 'xaCommit', xid: xidOf(sql) };
  return word === 'ROLLBACK' ? { kind: 'xaRollback', xid: xidOf(sql) } : { kind: 'other' };
}

/** Statements of other kinds that change rows and say so later in their text. */
function changesOtherwise(verb: string, rest: readonly string[]): boolean {
  const upper = () => rest.map((word) => word.toUpperCase());
  // MariaDB: SET STATEMENT max_statement_time = 1 FOR INSERT ...
  if (verb === 'SET') return upper()[0] === 'STATEMENT' && upper().some((word) => changing.has(word));
  if (verb === 'CREATE') return upper()[0] !== 'VIEW' && isCreateSelect(upper());
  // ALTER TABLE ... DROP PARTITION, TRUNCATE PARTITION, EXCHANGE PARTITION, IMPORT TABLESPACE.
  if (verb !== 'ALTER') return false;
  return upper().some(
    (word, at, all) =>
      ['DROP', 'TRUNCATE', 'EXCHANGE', 'IMPORT', 'DISCARD'].includes(word) &&
      ['PARTITION', 'TABLESPACE'].includes(all[at + 1] ?? ''),
  );
}

/** CREATE [OR REPLACE] [TEMPORARY] TABLE ... SELECT in statement format. */
function isCreateSelect(upper: readonly string[]): boolean {
  const table = upper.indexOf('TABLE');
  return table >= 0 && table <= 3 && upper.includes('SELECT');
}

/**
 * Where RENAME TABLE and ALTER TABLE ... RENAME have moved tables to. A name that is given to another table in the very
 * statement that takes it from one is left out: tools that alter tables online exchange a table for its copy that way.
 */
function movedTo(verb: string, words: readonly string[], database: string): readonly TableRef[] {
  const isWord = (at: number, ...wanted: string[]): boolean => wanted.includes((words[at] ?? '').toUpperCase());
  const nameAt = (at: number): TableRef =>
    words[at + 1] === '.'
      ? { schema: words[at] ?? '', table: words[at + 2] ?? '' }
      : { schema: database, table: words[at] ?? '' };
  if (verb === 'RENAME') {
    const places = words.flatMap((_, at) => (isWord(at, 'TO') ? [at] : []));
    const taken = places.map((at) => nameAt(words[at - 2] === '.' ? at - 3 : at - 1));
    const given = places.map((at) => nameAt(at + 1));
    return given.filter((ref) => !taken.some((each) => sameTable(each, ref)));
  }
  if (verb !== 'ALTER' || !isWord(0, 'TABLE')) return [];
  const at = words.findIndex((_, place) => isWord(place, 'RENAME') && !isWord(place + 1, 'COLUMN', 'INDEX', 'KEY'));
  return at < 0 ? [] : [nameAt(isWord(at + 1, 'TO', 'AS') ? at + 2 : at + 1)];
}

/** DROP TABLE, and MariaDB's CREATE OR REPLACE TABLE; temporary tables hide others, and leave them as they are. */
function droppedBy(verb: string, words: readonly string[], tables: readonly TableRef[]): readonly TableRef[] {
  const start = words.slice(0, 3).map((word) => word.toUpperCase());
  const drops = verb === 'DROP' && (start[0] === 'TABLE' || start[0] === 'TABLES');
  const replaces = verb === 'CREATE' && start.join(' ') === 'OR REPLACE TABLE';
  return drops || replaces ? tables : [];
}

/** Every table that names in the text could mean: `a.b` is table b of database a, or column b of table a. */
function namesIn(words: readonly string[], database: string): TableRef[] {
  const tables: TableRef[] = [];
  for (const [at, word] of words.entries()) {
    if (word === '.') continue;
    if (words[at + 1] === '.') tables.push({ schema: word, table: words[at + 2] ?? '' });
    if (words[at - 1] !== '.') tables.push({ schema: database, table: word });
  }
  return tables;
}

const token = new RegExp(
  [
    /\s+/,
    // The frame of a comment that is executed, then comments that are not.
    /\/\*M?!\d*|\*\//,
    /\/\*[^]*?\*\//,
    /(?:--\s|#)[^\n]*/,
    /'(?:[^'\\]|\\[^]|'')*'/,
    /`(?:[^`]|``)*`/,
    /"(?:[^"\\]|\\[^]|"")*"/,
    /[\w$\u0080-\uffff]+/,
    /[^]/,
  ]
    .map((part) => part.source)
    .join('|'),
  'gu',
);

/**
 * The words and dots of a statement, without comments and texts in single quotes; what the server would execute
 * inside of `/*! ... *\/` counts. Double quotes may stand around texts or, under ANSI_QUOTES, names: they are taken
 * for names.
 */
class Words {
  readonly #tokens: IterableIterator<RegExpExecArray>;

  constructor(sql: string) {
    this.#tokens = sql.matchAll(token);
  }

  #next(): string | null {
    for (const [text] of this.#tokens) {
      const first = text[0] ?? '';
      if (first === '`' || first === '"') return text.slice(1, -1).replaceAll(first + first, first);
      if (first === '.' || /[\w$\u0080-\uffff]/u.test(first)) return text;
    }
    return null;
  }

  keyword(): string {
    return (this.#next() ?? '').toUpperCase();
  }

  rest(): string[] {
    const words: string[] = [];
    for (let word = this.#next(); word !== null; word = this.#next()) words.push(word);
    return words;
  }

  /** The name that follows, after the word TABLE perhaps. */
  table(database: string): TableRef {
    const words = this.rest();
    if (words[0]?.toUpperCase() === 'TABLE' && words.length > 1 && words[1] !== '.') words.shift();
    const [first = '', dot, second = ''] = words;
    return dot === '.' ? { schema: first, table: second } : { schema: database, table: first };
  }
}
