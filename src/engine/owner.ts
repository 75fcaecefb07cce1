import type { Endpoint } from '../model/endpoint.ts';
import { TandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import { type Prepared, planOf } from './prepare.ts';
import { stateOrNull } from './state-or-null.ts';

// Two syncs that share state tables would take each other's positions for their own, without any sign of it. So a row
// of the checkpoint table that no route ever moves says whose table it is: its stream is `owner`, its lane `sync/side`.

const ownerStream = 'owner';

/** Throws TD5017 where the state tables of a side belong to somebody else. Missing ones belong to nobody. */
export async function verifyOwner(prepared: Prepared): Promise<void> {
  for (const side of ['left', 'right'] as const) {
    const wanted = ownerName(prepared, side);
    for (const owner of await readOwners(prepared[side])) {
      if (owner !== wanted) throw stateTaken(prepared, side, owner);
    }
  }
}

/** Says whose the state tables are; they must be there. Throws TD5017 where they belong to somebody else. */
export async function claimState(prepared: Prepared): Promise<void> {
  for (const side of ['left', 'right'] as const) {
    await verifyOwner(prepared);
    const endpoint = prepared[side];
    await using target = await endpoint.target();
    const position = await endpoint.logEnd();
    await target.seed(ownerStream, ownerName(prepared, side), { position, floor: null, known: null, effectiveUs: 0 });
  }
}

function ownerName(prepared: Prepared, side: Side): string {
  return `${planOf(prepared).name}/${side}`;
}

async function readOwners(endpoint: Endpoint): Promise<readonly string[]> {
  const { checkpoint } = endpoint.state;
  const at = (name: string) => checkpoint.columns.findIndex((column) => column.name === name);
  await using target = await endpoint.target();
  const rows = await stateOrNull(target.find(checkpoint, [at('stream')], [[ownerStream]]));
  return (rows ?? []).map((row) => String(row[at('lane')]));
}

function stateTaken(prepared: Prepared, side: Side, owner: string): TandemError {
  const { schema } = prepared[side].state.checkpoint.ref;
  const [sync = '', itsSide = ''] = owner.split('/');
  const free = `${schema}_${planOf(prepared).name}_${side}`;
  return new TandemError('TD5017', `the state tables in ${schema} are not those of this side`, {
    expected: 'state tables of their own for each side of each sync',
    found: `the state tables of the ${itsSide} side of ${sync}`,
    fix: `stateSchema: '${free}' in the configuration of the ${side} side`,
    at: { side, schema },
  });
}
