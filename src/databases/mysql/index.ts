import type { Database } from '../../model/endpoint.ts';
import { openEndpoint } from './endpoint.ts';
import { mariadbFlavor, mysqlFlavor } from './flavor.ts';

export const mysql: Database = { open: (options, context) => openEndpoint(mysqlFlavor, options, context) };

export const mariadb: Database = { open: (options, context) => openEndpoint(mariadbFlavor, options, context) };
