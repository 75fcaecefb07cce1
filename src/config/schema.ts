import { z } from 'zod';
import { type DeclaredCodec, SYNC_NAME, SYNC_NAME_WORDS } from '../mapping/declaration.ts';
import type { Policy } from '../model/policy.ts';

/**
 * The shape of the tree, for both fronts. YAML writes codecs, policies and filters as words; TypeScript may also give
 * the functions themselves, which is all that `withFunctions` adds. Unknown keys are errors: a misspelt option that is
 * ignored is worse than one that is refused.
 */
export function treeSchema(withFunctions: boolean) {
  const conflict = withFunctions ? z.union([conflictWords, policyObject]) : conflictWords;
  const codec = withFunctions ? z.union([codecWords, codecObject]) : codecWords;
  const filter = withFunctions ? z.union([filterWords, filterFunction]) : filterWords;
  const shared = {
    conflict: conflict.optional(),
    direction: direction.optional(),
    deletes: deletes.optional(),
    truncate: truncation.optional().describe('what TRUNCATE of one side means for the other; stop unless given'),
    keys: keys.optional(),
    foreignKey: foreignKey
      .optional()
      .describe('what happens to a row whose parent the other side deleted at the same time'),
  };
  const column = z.union([
    columnName,
    z.strictObject({ to: columnName, codec: codec.optional(), direction: direction.optional() }),
    z.strictObject({ skip: z.literal(true), onInsert: constant.optional() }),
  ]);
  const link = z.strictObject({
    left: tableName.describe('schema.table of the left side, or the table alone where that is unambiguous'),
    right: tableName.describe('schema.table of the right side, or the table alone where that is unambiguous'),
    columns: z
      .record(z.string(), column)
      .describe('left column: right column, or { to, codec, direction }, or { skip: true }'),
    leftOnly: constants.optional().describe('values for left columns without a counterpart, written on insert'),
    rightOnly: constants.optional().describe('values for right columns without a counterpart, written on insert'),
    key: z.array(columnName).min(1).optional().describe('left names of a unique key, for tables without a primary key'),
    naturalKeys: z
      .array(z.array(columnName).min(1))
      .optional()
      .describe('left names of columns that tell that two rows are one'),
    where: z
      .strictObject({ left: filter.optional(), right: filter.optional() })
      .optional()
      .describe('rows that do not pass are out of the sync'),
    source: source.optional().describe('a column that Tandem writes its name into, for people to read'),
    ...shared,
  });
  return z.strictObject({
    version: z.literal(1).optional(),
    name: z
      .string()
      .regex(SYNC_NAME, SYNC_NAME_WORDS)
      .default('main')
      .describe(`names slot, publication and streams: ${SYNC_NAME_WORDS}`),
    left: endpoint,
    right: endpoint,
    home: side.default('left').describe('the side that decides conflicts'),
    strict: z
      .boolean()
      .optional()
      .describe('decide conflicts exactly, at the price of waiting on rows that are written again at once; true'),
    defaults: z.strictObject(shared).default({}),
    links: z.record(z.string(), link),
    limits: limits.optional(),
    server: server.optional().describe('the HTTP server of `tandem run`'),
  });
}

export type Tree = z.output<ReturnType<typeof treeSchema>>;

const side = z.enum(['left', 'right']);
const direction = z.enum(['both', 'toRight', 'toLeft']);
const deletes = z.enum(['sync', 'ignore']);
const foreignKey = z.enum(['park', 'restoreParent', 'deleteChild']);
const truncation = z.enum(['stop', 'apply', 'ignore']);
const parity = z.enum(['odd', 'even']);
const keys = z.union([
  z.enum(['shared', 'mapped']),
  z.strictObject({ shared: z.strictObject({ left: parity, right: parity }) }),
]);
const tableName = z.string().min(1);
const columnName = z.string().min(1);
const constant = z.union([
  z.null(),
  z.boolean(),
  z.number(),
  z.string(),
  z.custom<bigint>(isBigint),
  z.custom<Uint8Array>(isBytes),
]);
const constants = z.record(z.string(), constant);
const count = z.int().positive();

const tls = z.strictObject({
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  verify: z.boolean().optional(),
});

const endpoint = z.strictObject({
  engine: z.enum(['postgres', 'mysql', 'mariadb']),
  url: z
    .string()
    .describe(
      'postgres://, mysql:// or mariadb:// with user, host and database; secrets as ${env:NAME} or ${file:PATH}',
    ),
  label: z.string().min(1).optional().describe("the name of this side in messages, such as 'legacy'"),
  stateSchema: z
    .string()
    .min(1)
    .optional()
    .describe("schema or database of Tandem's own tables; 'tandem' unless given"),
  tls: tls.optional(),
});

const limits = z.strictObject({
  batchRows: count.optional().describe('row changes in one target transaction; 2000 unless given'),
  batchBytes: count.optional().describe('what they take in the log, about; 16 MiB unless given'),
  chunkRows: count.optional().describe('a source transaction of more row changes is applied in parts; 5000'),
  lookAheadRows: count.optional().describe('row changes read but not applied that stay in memory; 10000'),
  lookAheadBytes: count.optional().describe('what they take in the log, about; 64 MiB unless given'),
  spillBytes: count.optional().describe('what exceeds that goes to disk, up to so many bytes; 10 GiB unless given'),
  rowsPerSecond: z
    .strictObject({ toRight: count.optional(), toLeft: count.optional() })
    .optional()
    .describe('row changes that a direction applies in a second at most; no limit unless given'),
  retainedBytes: count
    .optional()
    .describe('log that a source without a limit of its own may have to keep for Tandem; 10 GiB unless given'),
  silenceMs: count.optional().describe('a server silent for longer makes the sync unhealthy; 30000 ms unless given'),
  retryFirstMs: count.optional().describe('the first pause before another attempt; 50 ms unless given'),
  retryLastMs: count.optional().describe('the longest pause before another attempt; 30000 ms unless given'),
  conflictFunctionMs: count.optional().describe('milliseconds that a custom conflict function may take; 5000'),
  conflictRows: count.optional().describe('decided conflicts that the ledger keeps at most; 100000'),
  conflictDays: count.optional().describe('days that the ledger keeps a decided conflict; 30'),
  dirtyRows: count
    .optional()
    .describe('keys of one table that are noted while its group is stopped; 200000 unless given'),
});

const server = z.strictObject({
  listen: z
    .union([z.literal(false), z.string().regex(/^(\[[\da-f:.]+\]|[^:\s]+):\d{1,5}$/i, { error: "'host:port'" })])
    .optional()
    .describe("'host:port', or false for none; 127.0.0.1:7070 unless given"),
  token: z
    .string()
    .min(1)
    .optional()
    .describe('who asks must know it; needed on any address but loopback; as ${env:NAME} or ${file:PATH}'),
});

const source = z.strictObject({
  left: columnName.optional(),
  right: columnName.optional(),
  value: z.string().optional(),
});

/** A function of the user's own, by file and exported name. */
const reference = z.string().regex(/^\.{0,2}\/.+#\w+$/, { error: "'./file.ts#name'", abort: true });

const newestBy = z.strictObject({ newest: columnName });
const oneSide = z.strictObject({ side });
const overlapWords = z.union([z.literal('newest'), newestBy, oneSide]);
const perColumnWords = z.strictObject({ perColumn: overlapWords });
const custom = z.strictObject({ custom: reference });

const rowWords = z.union([z.enum(['newest', 'perColumn', 'park']), newestBy, oneSide, perColumnWords, custom]);
const groupWords = z.union([z.enum(['newest', 'perColumn', 'delta']), newestBy, oneSide, perColumnWords]);
const groupsWords = z.strictObject({
  default: rowWords.default('newest').describe('decides about all columns in no group, and about deletes'),
  columns: z
    .array(z.strictObject({ columns: z.array(columnName).min(1), policy: groupWords }))
    .describe('left columns that one policy decides about as one thing'),
});

const conflictWords = z.union([...rowWords.options, groupsWords]);

/** Conflict policies as YAML writes them. */
export type OverlapWords = z.output<typeof overlapWords>;
export type RowWords = z.output<typeof rowWords>;
export type GroupWords = z.output<typeof groupWords>;

const dateOrNull = z.union([z.null(), z.string()]);
const infinities = z.strictObject({ infinity: dateOrNull.optional(), '-infinity': dateOrNull.optional() });
const zone = z.strictObject({
  zone: z.string().describe('an IANA name, such as Europe/Berlin'),
  clockChanges: z.enum(['park', 'earlier', 'later']).describe('for times that the clocks show twice or leave out'),
});

const codecWords = z.union([
  z.enum(['titleCase', 'upperCase', 'trim', 'stripNul', 'emptyAsNull', 'truthy', 'rounded', 'swappedUuid']),
  reference,
  z.strictObject({ enumMap: z.record(z.string(), z.string()) }),
  z.strictObject({ nullAs: constant }),
  z.strictObject({ epoch: z.enum(['s', 'ms', 'us']) }),
  z.strictObject({
    zeroDateAs: dateOrNull,
    get others(): z.ZodOptional<z.ZodType<CodecWords>> {
      return (codecWords as z.ZodType<CodecWords>).optional();
    },
  }),
  z.strictObject({
    infinityAs: infinities,
    get others(): z.ZodOptional<z.ZodType<CodecWords>> {
      return (codecWords as z.ZodType<CodecWords>).optional();
    },
  }),
  z.strictObject({ timeZone: z.union([z.string(), zone]) }),
  z.strictObject({
    get flip(): z.ZodType<CodecWords> {
      return codecWords as z.ZodType<CodecWords>;
    },
  }),
]);

/** A codec as YAML writes it; `./codecs.ts#name` is one of the user's own. */
export type CodecWords =
  | string
  | { readonly enumMap: Readonly<Record<string, string>> }
  | { readonly nullAs: z.output<typeof constant> }
  | { readonly epoch: 's' | 'ms' | 'us' }
  | { readonly zeroDateAs: string | null; readonly others?: CodecWords | undefined }
  | { readonly infinityAs: z.output<typeof infinities>; readonly others?: CodecWords | undefined }
  | { readonly timeZone: string | z.output<typeof zone> }
  | { readonly flip: CodecWords };

const filterWords = z.union([constants, reference]);

const codecObject = z.custom<DeclaredCodec>(isCodec, { error: 'a codec' });
const policyObject = z.custom<Policy>(isPolicy, { error: 'a conflict policy' });
const filterFunction = z.custom<(row: Readonly<Record<string, unknown>>) => boolean>(
  (value) => typeof value === 'function',
  {
    error: 'a function of a row',
  },
);

function isCodec(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'toRight' in value && 'toLeft' in value && 'spec' in value;
}

function isPolicy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function isBigint(value: unknown): boolean {
  return typeof value === 'bigint';
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array;
}
