import {
  type ConnectorRequest,
  type ConnectorSetting,
  type Debezium,
  setting,
  sharedSettings,
} from '../../model/debezium.ts';
import type { EndpointOptions } from '../../model/endpoint.ts';
import { tableName } from '../../model/schema.ts';
import { contains, PostgresTracker, transactionKey } from './debezium-positions.ts';
import { slotName } from './slot.ts';

/** How Debezium's PostgreSQL connector tells about one database. */
export function postgresDebezium(options: EndpointOptions): Debezium {
  return {
    connector: (request) => connectorSettings(options, request),
    collection: tableName,
    transactionKey,
    contains,
    track: (from) => new PostgresTracker(from),
  };
}

function connectorSettings(options: EndpointOptions, request: ConnectorRequest): readonly ConnectorSetting[] {
  const name = slotName(options);
  return [
    setting('connector.class', 'io.debezium.connector.postgresql.PostgresConnector', 'The engine of this side.'),
    ...addressSettings(options),
    ...sharedSettings(request.topicPrefix, request.tables.map(tableName)),
    setting('plugin.name', 'pgoutput', 'Part of PostgreSQL itself, and what the slot was made for.'),
    setting('slot.name', name, 'The slot that `tandem apply` made: the log is kept from then on.'),
    setting('slot.drop.on.stop', 'false', 'Without its slot a stopped connector would miss what is written meanwhile.'),
    setting('publication.name', name, 'The publication that `tandem apply` made, with the tables of the sync.'),
    setting('publication.autocreate.mode', 'disabled', 'What is published is for `tandem apply` to say.'),
    setting('interval.handling.mode', 'string', 'Months, days and time apart, as PostgreSQL keeps them.'),
    setting('message.prefix.exclude.list', '.*', 'Messages in the log are no changes, and would be counted as such.'),
  ];
}

/** The password is the caller's to place. */
function addressSettings({ url, tls }: EndpointOptions): readonly ConnectorSetting[] {
  const address = new URL(url);
  const why = 'As in the configuration; change it where Connect reaches the database by another address.';
  const mode = tls === undefined ? address.searchParams.get('sslmode') : tls.verify ? 'verify-full' : 'require';
  return [
    setting('database.hostname', address.hostname.replaceAll(/^\[|\]$/g, ''), why),
    setting('database.port', address.port || '5432', why),
    setting('database.user', decodeURIComponent(address.username), why),
    setting('database.dbname', decodeURIComponent(address.pathname.slice(1)), why),
    ...(mode === null ? [] : [setting('database.sslmode', mode, 'As in the configuration.')]),
  ];
}
