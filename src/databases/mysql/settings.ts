import type { Code } from '../../model/codes.ts';
import type { Finding } from '../../model/finding.ts';
import { atLeast, type Flavor, type Version } from './flavor.ts';
import type { Session } from './session.ts';

/** What one system variable has to be. */
interface Rule {
  readonly variable: string;
  readonly code: Code;
  readonly severity: Finding['severity'];
  readonly message: string;
  readonly expected: string;
  readonly fits: (value: string) => boolean;
  /** What mends it, where a plain assignment does not. */
  readonly fix?: string;
}

const retentionMinS = 3 * 24 * 3_600;
const on = (value: string): boolean => value === '1' || value === 'ON';

/** Rules for a side whose log is read, on both flavors. */
const logRules: readonly Rule[] = [
  {
    variable: 'log_bin',
    code: 'TD5004',
    severity: 'error',
    message: 'the server writes no binary log',
    expected: 'ON',
    fits: on,
    fix: '[mysqld]\nlog_bin = binlog\nserver_id = 1',
  },
  {
    variable: 'binlog_format',
    code: 'TD5005',
    severity: 'error',
    message: 'the log would hold statements instead of rows',
    expected: 'ROW',
    fits: (value) => value === 'ROW',
  },
  {
    variable: 'binlog_row_image',
    code: 'TD5006',
    severity: 'error',
    message: 'the log would leave columns out',
    expected: 'FULL',
    fits: (value) => value === 'FULL',
  },
  {
    variable: 'binlog_row_metadata',
    code: 'TD5007',
    severity: 'warning',
    message: 'events do not carry the names of their columns, so changes from before an ALTER TABLE cannot be read',
    expected: 'FULL',
    fits: (value) => value === 'FULL',
  },
  {
    variable: 'binlog_expire_logs_seconds',
    code: 'TD5012',
    severity: 'warning',
    message: 'the binary log is kept for a short time; a longer stop of Tandem would need a new load',
    expected: `${retentionMinS} or more, or 0`,
    fits: (value) => Number(value) === 0 || Number(value) >= retentionMinS,
    fix: `SET GLOBAL binlog_expire_logs_seconds = ${7 * 24 * 3_600};`,
  },
  {
    variable: 'sync_binlog',
    code: 'TD5015',
    severity: 'warning',
    message: 'a crash of the server may lose transactions that Tandem has already carried over',
    expected: '1',
    fits: (value) => value === '1',
  },
  {
    variable: 'innodb_flush_log_at_trx_commit',
    code: 'TD5015',
    severity: 'warning',
    message: 'a crash of the server may lose commits that it has confirmed',
    expected: '1',
    fits: (value) => value === '1',
  },
];

const mysqlRules: readonly Rule[] = [
  {
    variable: 'enforce_gtid_consistency',
    code: 'TD5008',
    severity: 'error',
    message: 'transactions need global ids',
    expected: 'ON',
    fits: on,
  },
  {
    variable: 'gtid_mode',
    code: 'TD5008',
    severity: 'error',
    message: 'transactions have no global ids',
    expected: 'ON',
    fits: on,
    fix: [
      'SET PERSIST enforce_gtid_consistency = ON;',
      'SET PERSIST gtid_mode = OFF_PERMISSIVE;',
      'SET PERSIST gtid_mode = ON_PERMISSIVE;',
      'SET PERSIST gtid_mode = ON;',
    ].join('\n'),
  },
  {
    variable: 'binlog_row_value_options',
    code: 'TD5009',
    severity: 'error',
    message: 'updates of JSON columns are logged in parts',
    expected: 'empty',
    fits: (value) => value === '',
    fix: "SET PERSIST binlog_row_value_options = '';",
  },
  {
    variable: 'binlog_order_commits',
    code: 'TD5015',
    severity: 'warning',
    message: 'transactions may become visible in another order than that of the log',
    expected: 'ON',
    fits: on,
  },
];

const mariadbRules: readonly Rule[] = [
  {
    variable: 'gtid_strict_mode',
    code: 'TD5008',
    severity: 'warning',
    message: 'the server would accept transactions whose ids run backwards, after which positions tell nothing',
    expected: 'ON',
    fits: on,
  },
];

/** Findings about the settings behind a log that is to be read. */
export async function checkLog(session: Session, flavor: Flavor): Promise<readonly Finding[]> {
  const rules = [...logRules, ...(flavor.engine === 'mysql' ? mysqlRules : mariadbRules)];
  const [row] = await session.rows(`SELECT ${rules.map((rule) => `@@GLOBAL.${rule.variable}`).join(', ')}`);
  return rules.flatMap((rule, at) => {
    const found = String(row?.[at] ?? '');
    if (rule.fits(found)) return [];
    const { code, severity, message, expected, variable } = rule;
    const fix = rule.fix ?? assignment(flavor, variable, expected);
    return [{ code, severity, message, expected: `${variable} = ${expected}`, found, fix, at: { setting: variable } }];
  });
}

/** MySQL can keep a setting over a restart; MariaDB needs it in its option file as well. */
function assignment(flavor: Flavor, variable: string, value: string): string {
  const verb = flavor.engine === 'mysql' ? 'PERSIST' : 'GLOBAL';
  return `SET ${verb} ${variable} = ${value};`;
}

/** Filters by database name, which hide tables from the log without a trace. */
export async function checkFilters(session: Session, flavor: Flavor, version: Version): Promise<readonly Finding[]> {
  const [status] = await session.rows(flavor.logStatus(version));
  return ['binlog_do_db', 'binlog_ignore_db'].flatMap((filter, at): readonly Finding[] => {
    const found = String(status?.[at + 2] ?? '');
    if (found === '') return [];
    return [
      {
        code: 'TD5016',
        severity: 'error',
        message: 'a filter keeps databases out of the binary log',
        expected: `no ${filter}`,
        found,
        fix: `Remove ${filter} from the server's option file and restart it.`,
        at: { setting: filter },
      },
    ];
  });
}

export function checkVersion(flavor: Flavor, version: Version): readonly Finding[] {
  if (!atLeast(version, flavor.versions.below)) return [];
  return [
    {
      code: 'TD5014',
      severity: 'warning',
      message: 'Tandem has not been tested with a server as new as this',
      expected: flavor.versions.words,
      found: version.join('.'),
    },
  ];
}

export async function checkWritable(session: Session): Promise<readonly Finding[]> {
  const [row] = await session.rows('SELECT @@GLOBAL.read_only');
  if (!on(String(row?.[0]))) return [];
  return [
    {
      code: 'TD7008',
      severity: 'warning',
      message: 'the server accepts no writes now',
      expected: 'read_only = OFF',
      found: 'read_only = ON',
      fix: 'SET GLOBAL read_only = OFF;',
      at: { setting: 'read_only' },
    },
  ];
}
