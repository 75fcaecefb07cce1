import type { Database } from '../../model/endpoint.ts';
import { openEndpoint } from './endpoint.ts';

/** PostgreSQL 15 to 18. */
export const database: Database = { open: openEndpoint };
