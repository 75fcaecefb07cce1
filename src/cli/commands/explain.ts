import { CODES, type Code } from '../../model/codes.ts';
import { TandemError } from '../../model/error.ts';
import { exitMeaning } from '../exit-codes.ts';
import type { Session } from '../session.ts';

/** Prints what a code means and what to do about it; without a code, the list of all. */
export function explain({ terminal }: Session, wanted: string | undefined): number {
  const { paint } = terminal;
  if (wanted === undefined) {
    for (const [code, entry] of Object.entries(CODES)) terminal.print(`${paint.bold(code)}  ${entry.name}`);
    terminal.document('tandem.explain/1', { codes: Object.entries(CODES).map(([code, rest]) => ({ code, ...rest })) });
    return 0;
  }
  const code = findCode(wanted);
  const entry = CODES[code];
  terminal.print(`${paint.bold(code)} ${entry.name}`);
  terminal.print('');
  terminal.print(entry.help);
  terminal.print('');
  terminal.print(`What Tandem does: ${reactions[entry.class]}`);
  terminal.print(`Exit code of a command that ends with it: ${entry.exit} (${exitMeaning(entry.exit)})`);
  terminal.document('tandem.explain/1', { code, ...entry, reaction: reactions[entry.class] });
  return 0;
}

/** Takes the code in any case, with or without TD, and its name as well. */
function findCode(wanted: string): Code {
  const upper = wanted.toUpperCase();
  const candidate = /^\d{4}$/.test(upper) ? `TD${upper}` : upper;
  for (const code of Object.keys(CODES) as Code[]) {
    if (code === candidate || CODES[code].name === candidate) return code;
  }
  throw new TandemError('TD9003', `there is no error code ${wanted}`, {
    expected: 'a code such as TD6001, or its name such as SLOT_LOST',
    fix: 'tandem explain lists all codes',
  });
}

const reactions = {
  transient: 'it rolls back what is in flight and tries again for as long as it takes.',
  row: 'this one row parks, and the other rows go on. `tandem parked` lists such rows, and what mends them.',
  schema: 'the tables concerned stop; the others go on.',
  history: 'it stops, and skips nothing.',
  fenced: 'this engine ends; the other one goes on.',
  setup: 'nothing starts until it is mended.',
  internal: 'it stops.',
} as const;
