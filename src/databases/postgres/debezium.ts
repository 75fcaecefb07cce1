import {
  type ConnectorRequest,
  type ConnectorSetting,
  type Debezium,
  setting,
  sharedSettings,
} from '../../model/debezium.ts';
import { EventReader, type JsonObject, type ReadTable, sourceText } from '../../model/debezium-reader.ts';
import type { EndpointOptions } from '../../model/endpoint.ts';
import { sameTable, type TableRef, type TableSchema, tableName } from '../../model/schema.ts';
import { checkDebezium } from './debezium-check.ts';
import { contains, PostgresTracker, transactionKey } from './debezium-positions.ts';
import { decoderOfColumn } from './debezium-values.ts';
import { slotName } from './slot.ts';
import { stateShapes } from './state.ts';

/** How Debezium's PostgreSQL connector tells about one database. */
export function postgresDebezium(options: EndpointOptions): Debezium {
  return {
    connector: (request) => connectorSettings(options, request),
    check: async (tables) => checkDebezium(tables),
    collection: tableName,
    transactionKey,
    contains,
    apart: () => null,
    track: (from) => new PostgresTracker(from),
    reader: (tables) => new EventReader({ refOf, decoderOf: decoderOfColumn }, readTables(options.stateSchema, tables)),
  };
}

function refOf(source: JsonObject): TableRef {
  return { schema: sourceText(source, 'schema'), table: sourceText(source, 'table') };
}

/** Of its own tables Tandem has the old rows of the checkpoints alone logged whole. */
function readTables(stateSchema: string, tables: readonly TableSchema[]): readonly ReadTable[] {
  const own = stateShapes(stateSchema);
  return tables.map(({ ref, columns, key, fullImages }) => {
    const shape = Object.values(own).find((each) => sameTable(each.ref, ref));
    if (shape === undefined) return { ref, columns, key, fullImages, own: false };
    const names = shape.key.flatMap((at) => shape.columns[at]?.name ?? []);
    return { ref, columns: shape.columns, key: names, fullImages: shape === own.checkpoint, own: true };
  });
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
