import type { ParkedEntry } from '../../engine/parked-list.ts';

/** What would mend a parked row: commands and statements, the likeliest first. Names only, never values. */
export function adviceFor(entry: ParkedEntry): readonly string[] {
  const { code, id, at, blockedBy } = entry;
  if (entry.state === 'discarded') return [`tandem parked retry ${quoted(id)}`, 'or change the row at its source'];
  const waits = blockedBy === null ? [] : [`nothing, if ${blockedBy} is mended: this row comes right after it`];
  const column = at['column']?.toString() ?? '<column>';
  const edit = `tandem parked edit ${quoted(id)} --set ${column}=<value>`;
  const retry = `tandem parked retry ${quoted(id)}`;
  return [...waits, ...adviceByCode(code, { at, edit, retry })];
}

interface Remedies {
  readonly at: ParkedEntry['at'];
  readonly edit: string;
  readonly retry: string;
}

function adviceByCode(code: string, { at, edit, retry }: Remedies): readonly string[] {
  const place = `${at['table'] ?? 'the target table'}`;
  switch (code) {
    case 'TD3001':
      return [edit, 'or teach the codec, or the column of the target, the value; then start the sync again'];
    case 'TD3007':
      return [edit, `or widen the column of ${place} (or max_allowed_packet of its server), then ${retry}`];
    case 'TD3002':
    case 'TD3003':
    case 'TD3004':
    case 'TD3005':
    case 'TD3006':
      return [edit, `or let the column of ${place} hold such values, then ${retry}`];
    case 'TD3008':
    case 'TD8002':
      return ['correct the function and start the sync again', edit];
    case 'TD7001':
      return ['change or remove the row that holds the value: this one comes by itself then', edit];
    case 'TD7002':
    case 'TD7013':
      return ['bring the parent row over: this one comes by itself then', retry];
    case 'TD7003':
    case 'TD7004':
      return [edit, `or relax ${at['constraint'] ?? 'the constraint'} of ${place}, then ${retry}`];
    case 'TD8005':
      return ['nothing: the other side is asked to pair the two rows', retry];
    default:
      return [edit, retry];
  }
}

/** As a shell takes it. */
export function quoted(text: string): string {
  return /^[\w:.,@=+/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
