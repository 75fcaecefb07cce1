/** What differs between MySQL and MariaDB, as data and small pure functions; everything else in this folder is shared. */
export interface Flavor {
  readonly engine: 'mysql' | 'mariadb';
  readonly title: 'MySQL' | 'MariaDB';
}

/** A version of three numbers, as far as the server names them: `8.0.36-log` is [8, 0, 36]. */
export type Version = readonly [number, number, number];

export const mysqlFlavor: Flavor = { engine: 'mysql', title: 'MySQL' };

export const mariadbFlavor: Flavor = { engine: 'mariadb', title: 'MariaDB' };
