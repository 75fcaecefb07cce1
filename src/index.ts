// The public API. For a configuration: what `tandem.config.ts` and `tandem.schema.ts` import. For a program: the same
// lifecycle that the commands have, from loading a configuration to a running sync.

// A configuration
export { defineConfig, env, file, link, mariadb, mysql, postgres, skip, via } from './mapping/typed.ts';
export { codec, enumMap, epoch, flip, nullAs, stripNul, titleCase, trim, upperCase } from './mapping/codecs.ts';
export { infinityAs, zeroDateAs } from './mapping/date-codecs.ts';
export { emptyAsNull, rounded, swappedUuid, truthy } from './mapping/shape-codecs.ts';
export { timeZone } from './mapping/zone-codec.ts';
export { byColumns, custom, delta, newestWins, park, perColumn, sideWins } from './mapping/policies.ts';
export type { ColumnGroup, Conflict, ConflictType, NamedRow, Policy, Side, Verdict } from './model/policy.ts';
export type { Declaration, LinkDeclaration } from './mapping/declaration.ts';

// The generated schema file
export { c, mariadbTable, mysqlTable, pgTable } from './mapping/tables.ts';

// Loading, checking and applying it
export { type Loaded, type LoadOptions, loadConfig } from './config/load.ts';
export { prepare, type Prepared } from './engine/prepare.ts';
export type { CheckOptions } from './engine/check-codecs.ts';
export { check, type CheckReport, type LinkCount } from './engine/checks.ts';
export { deprovision, type Pending, pendingSteps, provision, type ProvisionReport } from './engine/provision.ts';
export type { Finding } from './model/finding.ts';

// Running it
export { createSync, type SyncOptions } from './engine/sync.ts';
export type { DirectionStatus, Stream, Sync, SyncStatus } from './engine/sync-status.ts';
export { readStatus, type StoredStatus } from './engine/status.ts';
export { type ContextOptions, createContext, type ProcessContext } from './engine/context.ts';
export type { Context, Log } from './model/context.ts';

// Errors and values
export { type Code, CODES } from './model/codes.ts';
export { TandemError } from './model/error.ts';
export type { Kind, Row, Value } from './model/value.ts';
