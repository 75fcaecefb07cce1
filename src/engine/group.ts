import type { Position } from '../model/change.ts';
import type { TandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import type { GroupNote } from '../pipeline/write/owe.ts';

/** What an engine knows of one table group beyond what its routes do. */
export interface Group {
  state: GroupNote['state'];
  error: TandemError | null;
  sinceUs: number;
  /** This engine has said that it is stopped. */
  isTold: boolean;
  /** The schemas fit again: it is released once both logs are read, and noted, this far. */
  releaseAt: Readonly<Record<Side, Position>> | null;
  /** The tables that its plan was made for, as the table_group table holds them. */
  readonly tables: string;
}
