import {
  type ConnectorRequest,
  type ConnectorSetting,
  type Debezium,
  literalPattern,
  setting,
  sharedSettings,
} from '../../model/debezium.ts';
import { EventReader, isObject, type JsonObject, type ReadTable, sourceText } from '../../model/debezium-reader.ts';
import type { EndpointOptions } from '../../model/endpoint.ts';
import { type Column, sameTable, type TableSchema, tableName } from '../../model/schema.ts';
import { connectionOptions, serverIdOf } from './connect.ts';
import { checkDebezium } from './debezium-check.ts';
import { BinlogTracker, boundaryGtid } from './debezium-positions.ts';
import { decoderOfColumn } from './debezium-values.ts';
import type { Flavor } from './flavor.ts';
import type { Pool } from './pool.ts';
import { parsePosition } from './position.ts';
import { stateShapes } from './state.ts';

const connectorClasses = {
  mysql: 'io.debezium.connector.mysql.MySqlConnector',
  mariadb: 'io.debezium.connector.mariadb.MariaDbConnector',
} as const;

/** How Debezium's MySQL and MariaDB connectors tell about one database. */
export function binlogDebezium(flavor: Flavor, options: EndpointOptions, pool: Pool): Debezium {
  return {
    connector: (request) => connectorSettings(flavor, options, request),
    check: (tables) => pool.use((session) => checkDebezium(session, flavor, tables)),
    collection: tableName,
    transactionKey: (id) => id,
    contains(position, boundary) {
      const { state } = parsePosition<Flavor['engine']>(flavor.engine, position);
      return state.includes(boundaryGtid(flavor, boundary));
    },
    apart: ({ envelope: { source, transaction } }) =>
      isObject(transaction) || !isObject(source) ? null : { id: sourceText(source, 'gtid') },
    track: (from) => new BinlogTracker(flavor, from),
    reader(tables) {
      const dialect = {
        refOf: (source: JsonObject) => ({ schema: sourceText(source, 'db'), table: sourceText(source, 'table') }),
        decoderOf: (column: Column) => decoderOfColumn(flavor, column),
      };
      return new EventReader(dialect, readTables(options.stateSchema, tables));
    },
  };
}

/** `binlog_row_image = FULL`: old rows come whole. */
function readTables(stateSchema: string, tables: readonly TableSchema[]): readonly ReadTable[] {
  const own = Object.values(stateShapes(stateSchema));
  return tables.map((table) => {
    const shape = own.find(({ ref }) => sameTable(ref, table.ref));
    const columns = shape?.columns ?? table.columns;
    return { ref: table.ref, columns, key: table.key, fullImages: true, own: shape !== undefined };
  });
}

function connectorSettings(
  flavor: Flavor,
  options: EndpointOptions,
  { topicPrefix, tables }: ConnectorRequest,
): readonly ConnectorSetting[] {
  const databases = [...new Set(tables.map(({ schema }) => literalPattern(schema)))].join(',');
  const history = 'schema.history.internal';
  // A number of its own: of two readers with one, the server throws out the first.
  const serverId = serverIdOf({ sync: `${options.sync}\0debezium`, side: options.side });
  return [
    setting('connector.class', connectorClasses[flavor.engine], 'The engine of this side.'),
    ...addressSettings(flavor, options),
    setting('database.server.id', String(serverId), "One that no replica has, nor Tandem's own reader."),
    ...sharedSettings(topicPrefix, tables.map(tableName)),
    setting('database.include.list', databases, 'The databases of these tables.'),
    setting('bigint.unsigned.handling.mode', 'precise', 'By default 18446744073709551615 arrives as -1.'),
    setting('enable.time.adjuster', 'false', 'By default the year 44 becomes 2044.'),
    setting('inconsistent.schema.handling.mode', 'fail', 'Rows of a table that it does not know are never skipped.'),
    setting('include.schema.changes', 'false', 'Tandem compares the tables with the catalogue itself.'),
    setting(`${history}.kafka.topic`, `${topicPrefix}.schema-history`, 'Where it keeps how the tables were made.'),
    setting(`${history}.store.only.captured.tables.ddl`, 'true', 'Other tables may have what it cannot parse.'),
    setting(`${history}.store.only.captured.databases.ddl`, 'true', 'As above.'),
  ];
}

/** The password is the caller's to place. */
function addressSettings(flavor: Flavor, options: EndpointOptions): readonly ConnectorSetting[] {
  const { host, port, user, ssl } = connectionOptions(options);
  const why = 'As in the configuration; change it where Connect reaches the database by another address.';
  return [
    setting('database.hostname', host ?? 'localhost', why),
    setting('database.port', String(port ?? 3306), why),
    setting('database.user', user ?? '', why),
    setting('database.ssl.mode', sslModes[flavor.engine][tlsOf(ssl)], 'As in the configuration.'),
  ];
}

const sslModes = {
  mysql: { none: 'preferred', unverified: 'required', authority: 'verify_ca', identity: 'verify_identity' },
  mariadb: { none: 'disable', unverified: 'trust', authority: 'verify-ca', identity: 'verify-full' },
} as const;

function tlsOf(ssl: ReturnType<typeof connectionOptions>['ssl']): keyof (typeof sslModes)['mysql'] {
  if (ssl === undefined || typeof ssl === 'string') return 'none';
  if (ssl.rejectUnauthorized === false) return 'unverified';
  return ssl.verifyIdentity === true ? 'identity' : 'authority';
}
