import { TandemError } from '../model/error.ts';
import type { ParkedEntry } from './parked-list.ts';
import type { Stream } from './sync-status.ts';

/** Which parked rows are meant. Everything that is given must hold. */
export interface Selection {
  /** An id (`users:42`), `column=value` of the key, several joined by commas, or the key as JSON. */
  readonly key?: string | undefined;
  readonly group?: string | undefined;
  readonly link?: string | undefined;
  readonly code?: string | undefined;
  readonly stream?: Stream | undefined;
  /** The id of the row that is waited for. */
  readonly blockedBy?: string | undefined;
}

export function selectParked(entries: readonly ParkedEntry[], selection: Selection): readonly ParkedEntry[] {
  const { key, group, link, code, stream, blockedBy } = selection;
  return entries.filter(
    (entry) =>
      (key === undefined || isNamed(entry, key)) &&
      (group === undefined || entry.group === group) &&
      (link === undefined || entry.link === link) &&
      (code === undefined || entry.code === code) &&
      (stream === undefined || entry.stream === stream) &&
      (blockedBy === undefined || entry.blockedBy === blockedBy),
  );
}

/** The one row that is meant. Throws TD8040 where there is none, TD8041 where there are several. */
export function selectOne(entries: readonly ParkedEntry[], selection: Selection & { key: string }): ParkedEntry {
  const found = selectParked(entries, selection);
  const [only] = found;
  if (only === undefined) {
    throw new TandemError('TD8040', 'no parked row is called that', {
      expected: 'an id as `tandem parked ls` prints it, column=value of the key at the source, or the key as JSON',
      fix: 'tandem parked ls',
    });
  }
  if (found.length === 1) return only;
  const links = new Set(found.map((entry) => entry.link));
  throw new TandemError('TD8041', `${found.length} parked rows are called that`, {
    found: [...new Set(found.map(({ id, stream }) => `${id} (${stream})`))].slice(0, 5).join(', '),
    fix: links.size > 1 ? `pass --link ${only.link}` : 'pass --direction toRight or --direction toLeft',
  });
}

function isNamed({ id, key }: ParkedEntry, text: string): boolean {
  if (text === id) return true;
  const wanted = parseKey(text);
  if (wanted === null) return false;
  const columns = Object.entries(key);
  return columns.length === wanted.size && columns.every(([name, value]) => wanted.get(name) === String(value));
}

/** `id=42`, `user_id=1,post_id=2` or `{"id":42}`; null where the text is neither. */
function parseKey(text: string): ReadonlyMap<string, string> | null {
  if (text.startsWith('{')) {
    try {
      const given = JSON.parse(text) as Record<string, unknown>;
      return new Map(Object.entries(given).map(([name, value]) => [name, String(value)]));
    } catch {
      return null;
    }
  }
  const parts = text.split(/,(?=[^,=]+=)/).map((part) => part.split(/=(.*)/s));
  return parts.every((part) => part.length > 1) ? new Map(parts.map(([name = '', value = '']) => [name, value])) : null;
}

/** Rows with one cause. */
export interface ParkedGroup {
  readonly group: string;
  readonly code: string;
  readonly name: string;
  readonly link: string;
  readonly rows: number;
  /** Of them, rows that wait for another one. */
  readonly blocked: number;
  readonly discarded: number;
  readonly oldestUs: number;
  readonly nextRetryUs: number;
}

export function groupParked(entries: readonly ParkedEntry[]): readonly ParkedGroup[] {
  const groups = new Map<string, ParkedEntry[]>();
  for (const entry of entries) {
    const list = groups.get(entry.group);
    if (list === undefined) groups.set(entry.group, [entry]);
    else list.push(entry);
  }
  return [...groups].map(([group, rows]) => {
    const { code, name, link } = rows[0] as ParkedEntry;
    return {
      group,
      code,
      name,
      link,
      rows: rows.length,
      blocked: rows.filter((row) => row.blockedBy !== null).length,
      discarded: rows.filter((row) => row.state === 'discarded').length,
      oldestUs: rows.reduce((least, row) => Math.min(least, row.parkedAtUs), Infinity),
      nextRetryUs: rows.reduce((least, row) => Math.min(least, row.nextRetryUs), Infinity),
    };
  });
}
