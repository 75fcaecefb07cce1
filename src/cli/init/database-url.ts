import type { EngineName } from '../../mapping/declaration.ts';
import { TandemError } from '../../model/error.ts';

export interface DatabaseUrl {
  readonly url: string;
  /** What may answer there: MariaDB speaks MySQL's protocol and is often addressed by its scheme. */
  readonly engines: readonly EngineName[];
  /** Name of the database; empty where the URL names none. */
  readonly database: string;
}

const engines: Readonly<Record<string, readonly EngineName[]>> = {
  'postgres:': ['postgres'],
  'postgresql:': ['postgres'],
  'mysql:': ['mysql', 'mariadb'],
  'mariadb:': ['mariadb'],
};

/** Reads what a person gave as the address of a database. Throws TD9003 for what is none. */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  const known = parsed === null ? undefined : engines[parsed.protocol];
  if (parsed === null || known === undefined) {
    throw new TandemError('TD9003', 'this is not the address of a database', {
      expected: 'postgres://user:password@host:port/database, or mysql://..., or mariadb://...',
      found: parsed === null ? 'no URL' : `a URL that starts with ${parsed.protocol}`,
      fix: 'percent-encode signs such as @ : / # ? in the password',
    });
  }
  return { url: text, engines: known, database: decodeURIComponent(parsed.pathname.slice(1)) };
}
