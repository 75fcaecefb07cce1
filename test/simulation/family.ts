import type { MemoryTransaction } from '../../src/databases/memory/application.ts';
import type { Fields, TableDefinition } from '../../src/databases/memory/definition.ts';
import type { MemoryDatabase } from '../../src/databases/memory/server.ts';
import type { Declaration } from '../../src/mapping/declaration.ts';
import type { Side } from '../../src/model/policy.ts';
import type { Value } from '../../src/model/value.ts';
import type { Random } from './random.ts';

/** One change or a few within an application's transaction. */
export interface Act {
  readonly side: Side;
  readonly tx: MemoryTransaction;
  readonly random: Random;
  /** A value that no other write has. */
  readonly mark: () => string;
  /** Remembers what was done, for the checks; it counts once the transaction is committed. */
  readonly note: (write: Write) => void;
}

/** What the simulator itself knows of a write. */
export interface Write {
  readonly family: string;
  readonly side: Side;
  readonly key: string;
  /** The write's own value; null for a delete. */
  readonly mark: string | null;
  /** The value that it was made on top of, read under the row's lock; null where that is not known. */
  readonly over: string | null;
}

/** How the rows of a link are held against each other, written without any code of the mapping. */
export interface View {
  readonly link: string;
  /** The table's name on both sides. */
  readonly table: string;
  readonly key: string;
  readonly mapped: boolean;
  /** Columns that hold the key of a row of another, mapped link. */
  readonly parents?: Readonly<Record<string, string>>;
  /** A row of the right side in the words of the left. */
  readonly toLeft?: (row: Fields) => Fields;
  /** What of a row of the left side counts; all of it unless given. */
  readonly ofLeft?: (row: Fields) => Fields;
}

/** What the checks of a family may look at once everything is quiet. */
export interface Ending {
  readonly databases: Readonly<Record<Side, MemoryDatabase>>;
  /** Writes of committed transactions. */
  readonly writes: readonly Write[];
  /** Number of rows that stayed parked. */
  readonly parked: number;
  /** Did any engine die without warning? What it had passed over unasked is then not asked any more. */
  readonly crashed: boolean;
  /** Is the policy exact? Otherwise both sides only have to be equal. */
  readonly strict: boolean;
}

/** Tables, the way applications use them, and what must hold in the end. */
export interface Family {
  readonly name: string;
  readonly tables: Readonly<Record<Side, readonly TableDefinition[]>>;
  readonly links: Declaration['links'];
  readonly views: readonly View[];
  readonly act: (act: Act) => Promise<void>;
  /** What is wrong in the end beyond a difference of the two sides. */
  readonly check?: (ending: Ending) => readonly string[];
  /** What must hold at every moment; looked at while everything runs. */
  readonly always?: (databases: Ending['databases']) => readonly string[];
  /** Rows that are there before anything runs. */
  readonly setUp?: (databases: Ending['databases']) => Promise<void>;
}

export const OF_BOTH = <T>(value: T): Readonly<Record<Side, T>> => ({ left: value, right: value });

export function textOf(value: Value | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}
