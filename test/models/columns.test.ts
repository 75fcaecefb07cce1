import { describe, expect, it } from 'vitest';
import type { Dispute } from '../../src/arbiter/dispute.ts';
import { increments } from '../../src/arbiter/groups.ts';
import { settleByRule, succeed } from '../../src/arbiter/policy.ts';
import { decideHome, decideRemote, type Provenance } from '../../src/arbiter/rules.ts';
import type { WindowEntry, WindowView } from '../../src/arbiter/window.ts';
import { byColumns, delta, newestWins, perColumn } from '../../src/mapping/policies.ts';
import type { LinkPlan } from '../../src/model/plan.ts';
import type { Decision, Policy } from '../../src/model/policy.ts';
import type { Row } from '../../src/model/value.ts';
import { linkOf } from './rules.ts';

// One row of several columns, written on both sides in random order. Policies that look at columns promise more than
// that both sides end equal: that what one side alone changed stays, and that counters hold the sum of what was added.
// What decides is the production code; logs are read at once here, since unread ones are the other models' matter.

const HASH = 1;
const HOME = 1;
const REMOTE = 2;
const COUNTER = 3;

interface Entry {
  readonly before: Row;
  readonly image: Row;
  /** How far the other log was incorporated, also by what was put aside. */
  readonly seen: number;
  /** The same, but for what was put aside. */
  readonly saw: number;
  readonly isLocal: boolean;
  readonly provenance: Provenance | null;
}

/** What the pipeline hands to the policies, and does around them; a mutation leaves something out. */
interface Hands {
  readonly base: boolean;
  readonly amounts: boolean;
  readonly reasserts: boolean;
}

class Model {
  readonly home: Entry[] = [];
  readonly remote: Entry[] = [];
  readonly rows: { home: Row; remote: Row };
  readonly #link: LinkPlan;
  readonly #hands: Hands;
  #applied = { home: 0, remote: 0 };
  #deferred = 0;

  constructor(policy: Policy, hands: Hands) {
    this.#link = linkOf(policy, 4);
    this.#hands = hands;
    this.rows = { home: [1, 0, 0, 0], remote: [1, 0, 0, 0] };
  }

  write(side: 'home' | 'remote', image: Row): void {
    const seen = side === 'home' ? this.#applied.home : this.#applied.remote;
    const saw = side === 'remote' && this.#deferred > 0 ? Math.min(seen, this.#deferred - 1) : seen;
    this[side].push({ before: this.rows[side], image, seen, saw, isLocal: true, provenance: null });
    this.rows[side] = image;
  }

  /** The remote rule, for the next entry of home's log. False where there is none. */
  goRemote(): boolean {
    const entry = this.home[this.#applied.remote];
    if (entry === undefined) return false;
    const ordinal = ++this.#applied.remote;
    const isFree = decideRemote(windowOf(this.remote), HASH, entry.seen) === 'apply';
    if (!isFree) this.#deferred ||= ordinal;
    else [this.rows.remote, this.#deferred] = [entry.image, 0];
    return true;
  }

  /** The home rule, for the next entry of the remote side's log. */
  goHome(): boolean {
    const entry = this.remote[this.#applied.home];
    if (entry === undefined) return false;
    const ordinal = ++this.#applied.home;
    const current = this.rows.home;
    const provenanceOf = ({ ordinal: at }: WindowEntry) => this.home[at - 1]?.provenance ?? null;
    const decision = decideHome(windowOf(this.home), HASH, entry, provenanceOf);
    const about = this.#about(entry, current);
    if (decision.kind === 'apply') this.rows.home = entry.image;
    else this.#restate(ordinal, decision.kind === 'succeed' ? succeed(about) : settleByRule(about));
    return true;
  }

  #about({ before, image, isLocal }: Entry, current: Row): Dispute {
    const { base, amounts } = this.#hands;
    const about = { link: this.#link, home: 'left', current, incoming: image, incomingOp: 'update' } as const;
    const added = amounts && isLocal ? increments(about, before, image) : null;
    return { ...about, base: base ? before : null, amounts: added, currentAtUs: 0, incomingAtUs: 1 };
  }

  #restate(seen: number, { winner, row }: Decision): void {
    const held = this.home.at(-1);
    const before = held?.isLocal === false ? (held.provenance?.home ?? 0) : this.home.length;
    const provenance = { home: winner === 'remote' ? 0 : before, remote: seen };
    this.rows.home = row as Row;
    if (!this.#hands.reasserts) return;
    this.home.push({ before: row as Row, image: row as Row, seen, saw: seen, isLocal: false, provenance });
  }
}

function windowOf(log: readonly Entry[]): WindowView {
  return {
    newest(_hash, after, before = Infinity) {
      const ordinal = Math.min(log.length, before - 1);
      const entry = log[ordinal - 1];
      if (entry === undefined || ordinal <= after) return null;
      return { ordinal, effectiveUs: 0, reasserted: !entry.isLocal, gone: false };
    },
  };
}

function randomOf(seed: number): (end: number) => number {
  let state = seed * 7919 + 1;
  return (end) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % end;
  };
}

const all: Hands = { base: true, amounts: true, reasserts: true };
const byColumn = byColumns(perColumn(), [{ columns: ['c3'], policy: delta() }]);

/** What is wrong after one random history: home writes one column, the remote side another, both add to the counter. */
function run(seed: number, policy: Policy, hands: Hands): string[] {
  const below = randomOf(seed);
  const model = new Model(policy, hands);
  let [sum, mark] = [0, 0];
  const last = { home: 0, remote: 0 };
  for (let step = 0; step < 24; step++) {
    const dice = below(4);
    if (dice === 0) model.goRemote();
    else if (dice === 1) model.goHome();
    else {
      const side = dice === 2 ? 'home' : 'remote';
      const amount = below(3);
      sum += amount;
      const row = model.rows[side];
      const column = side === 'home' ? HOME : REMOTE;
      if (below(2) === 0) last[side] = ++mark;
      model.write(side, row.with(column, last[side]).with(COUNTER, (row[COUNTER] as number) + amount));
    }
  }
  for (let isBusy = true; isBusy; ) isBusy = [model.goRemote(), model.goHome()].includes(true);
  const { home, remote } = model.rows;
  const wrong: string[] = [];
  if (String(home) !== String(remote)) wrong.push(`home ends with ${String(home)}, remote with ${String(remote)}`);
  if (home[HOME] !== last.home || home[REMOTE] !== last.remote) wrong.push(`what one side alone wrote is lost`);
  if (home[COUNTER] !== sum) wrong.push(`the counter is ${String(home[COUNTER])}, and ${sum} was added`);
  return wrong;
}

function firstWrong(policy: Policy, hands: Hands): string | null {
  for (let seed = 1; seed <= 3_000; seed++) {
    const wrong = run(seed, policy, hands);
    if (wrong.length > 0) return `seed ${seed}: ${wrong.join('; ')}`;
  }
  return null;
}

describe('column by column, beside a counter', () => {
  it('keeps what one side alone changed, and adds up', () => {
    expect(firstWrong(byColumn, all)).toBeNull();
  });

  it.each(['base', 'amounts'] as const)('goes wrong without %s', (left) => {
    expect(firstWrong(byColumn, { ...all, [left]: false })).not.toBeNull();
  });

  it('goes wrong where whole rows win', () => {
    expect(firstWrong(newestWins(), all)).not.toBeNull();
  });

  it('goes wrong where decisions are not told', () => {
    expect(firstWrong(byColumn, { ...all, reasserts: false })).not.toBeNull();
  });
});
