import type { Kind } from '../../model/value.ts';

/**
 * How the types of PostgreSQL's own catalogue are carried; what is not here is text to a reader and unsupported in a
 * link.
 */
const KINDS: Readonly<Record<string, Kind>> = {
  int2: 'int',
  int4: 'int',
  int8: 'bigint',
  numeric: 'decimal',
  float4: 'float4',
  float8: 'float8',
  bool: 'bool',
  bit: 'bit',
  varbit: 'bit',
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  char: 'text',
  name: 'text',
  citext: 'text',
  xml: 'text',
  inet: 'text',
  cidr: 'text',
  macaddr: 'text',
  macaddr8: 'text',
  uuid: 'uuid',
  bytea: 'bytes',
  json: 'json',
  jsonb: 'json',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  interval: 'interval',
};

/** Fixed type OIDs (pg_type.dat) of the types above: type, OID, OID of its array. */
const OIDS: readonly (readonly [name: string, oid: number, array: number])[] = [
  ['bool', 16, 1000],
  ['bytea', 17, 1001],
  ['char', 18, 1002],
  ['name', 19, 1003],
  ['int8', 20, 1016],
  ['int2', 21, 1005],
  ['int4', 23, 1007],
  ['text', 25, 1009],
  ['json', 114, 199],
  ['xml', 142, 143],
  ['cidr', 650, 651],
  ['float4', 700, 1021],
  ['float8', 701, 1022],
  ['macaddr8', 774, 775],
  ['macaddr', 829, 1040],
  ['inet', 869, 1041],
  ['bpchar', 1042, 1014],
  ['varchar', 1043, 1015],
  ['date', 1082, 1182],
  ['time', 1083, 1183],
  ['timestamp', 1114, 1115],
  ['timestamptz', 1184, 1185],
  ['interval', 1186, 1187],
  ['bit', 1560, 1561],
  ['varbit', 1562, 1563],
  ['numeric', 1700, 1231],
  ['uuid', 2950, 2951],
  ['jsonb', 3802, 3807],
];

/** What a decoder has to know of a column's type. */
export interface ValueType {
  readonly kind: Kind;
  /** Kind of an array's elements. */
  readonly element: Kind | null;
  /** char(n): blanks at the end carry nothing. */
  readonly padded: boolean;
}

const BY_OID = new Map<number, ValueType>();
for (const [name, oid, array] of OIDS) {
  BY_OID.set(oid, typeByName(name));
  BY_OID.set(array, typeByName(`_${name}`));
}

/** The type with a fixed OID; undefined for types that were created in this database. */
export function typeByOid(oid: number): ValueType | undefined {
  return BY_OID.get(oid);
}

/** The type by its pg_type name; arrays begin with an underscore. */
export function typeByName(name: string): ValueType {
  const kind = KINDS[name];
  if (kind !== undefined) return { kind, element: null, padded: name === 'bpchar' };
  const element = name.startsWith('_') ? KINDS[name.slice(1)] : undefined;
  if (element === undefined) return { kind: 'unsupported', element: null, padded: false };
  return { kind: 'array', element, padded: name === '_bpchar' };
}

/**
 * A column's type to cast a parameter to. The type modifier goes, because an *explicit* cast to varchar(3) or
 * numeric(5,2) cuts or rounds in silence, while the assignment that follows refuses what is too long. `character` and
 * `bit` without a length would mean a length of 1, so they go by the names that mean any length.
 */
export function castType(native: string): string {
  const open = native.includes('"') ? -1 : native.indexOf('(');
  const plain = open === -1 ? native : native.slice(0, open) + native.slice(native.indexOf(')', open) + 1);
  if (plain === 'character') return 'bpchar';
  if (plain === 'character[]') return 'bpchar[]';
  if (plain === 'bit') return 'pg_catalog."bit"';
  if (plain === 'bit[]') return 'pg_catalog."bit"[]';
  return plain.startsWith('interval') ? `interval${plain.endsWith('[]') ? '[]' : ''}` : plain;
}
