import {
  type ConnectorRequest,
  type ConnectorSetting,
  type Debezium,
  literalPattern,
  setting,
  sharedSettings,
} from '../../model/debezium.ts';
import type { EndpointOptions } from '../../model/endpoint.ts';
import { tableName } from '../../model/schema.ts';
import { connectionOptions, serverIdOf } from './connect.ts';
import { BinlogTracker, boundaryGtid } from './debezium-positions.ts';
import type { Flavor } from './flavor.ts';
import { parsePosition } from './position.ts';

const connectorClasses = {
  mysql: 'io.debezium.connector.mysql.MySqlConnector',
  mariadb: 'io.debezium.connector.mariadb.MariaDbConnector',
} as const;

/** How Debezium's MySQL and MariaDB connectors tell about one database. */
export function binlogDebezium(flavor: Flavor, options: EndpointOptions): Debezium {
  return {
    connector: (request) => connectorSettings(flavor, options, request),
    collection: tableName,
    transactionKey: (id) => id,
    contains(position, boundary) {
      const { state } = parsePosition<Flavor['engine']>(flavor.engine, position);
      return state.includes(boundaryGtid(flavor, boundary));
    },
    track: (from) => new BinlogTracker(flavor, from),
  };
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
    ...addressSettings(options),
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
function addressSettings(options: EndpointOptions): readonly ConnectorSetting[] {
  const { host, port, user, ssl } = connectionOptions(options);
  const why = 'As in the configuration; change it where Connect reaches the database by another address.';
  return [
    setting('database.hostname', host ?? 'localhost', why),
    setting('database.port', String(port ?? 3306), why),
    setting('database.user', user ?? '', why),
    setting('database.ssl.mode', sslMode(ssl), 'As in the configuration.'),
  ];
}

function sslMode(ssl: ReturnType<typeof connectionOptions>['ssl']): string {
  if (ssl === undefined || typeof ssl === 'string') return 'preferred';
  if (ssl.rejectUnauthorized === false) return 'required';
  return ssl.verifyIdentity === true ? 'verify_identity' : 'verify_ca';
}
