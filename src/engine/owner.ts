import type { Endpoint } from '../model/endpoint.ts';
import { TandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import { stateOrNull } from './state-or-null.ts';

// Two syncs that share state tables would take each other's positions for their own, without any sign of it. So a row
// of the checkpoint table that no route ever moves says whose table it is: its stream is `owner`, its lane `sync/side`.

const ownerStream = 'owner';

/** Throws TD5017 where the state tables of a side belong to somebody else. Missing ones belong to nobody. */
export async function verifyOwner(endpoints: Sides, sync: string): Promise<void> {
  for (const side of ['left', 'right'] as const) {
    for (const owner of await readOwners(endpoints[side])) {
      if (owner !== ownerName(sync, side)) throw stateTaken(endpoints[side], sync, side, owner);
    }
  }
}

/** Says whose the state tables are; they must be there. Throws TD5017 where they belong to somebody else. */
export async function claimState(endpoints: Sides, sync: string): Promise<void> {
  for (const side of ['left', 'right'] as const) {
    await verifyOwner(endpoints, sync);
    const endpoint = endpoints[side];
    const position = await endpoint.logEnd();
    await using target = await endpoint.target();
    await target.seed(ownerStream, ownerName(sync, side), { position, floor: null, known: null, effectiveUs: 0 });
  }
}

type Sides = Readonly<Record<Side, Endpoint>>;

function ownerName(sync: string, side: Side): string {
  return `${sync}/${side}`;
}

async function readOwners(endpoint: Endpoint): Promise<readonly string[]> {
  const { checkpoint } = endpoint.state;
  const at = (name: string) => checkpoint.columns.findIndex((column) => column.name === name);
  await using target = await endpoint.target();
  const rows = await stateOrNull(target.find(checkpoint, [at('stream')], [[ownerStream]]));
  return (rows ?? []).map((row) => String(row[at('lane')]));
}

function stateTaken(endpoint: Endpoint, sync: string, side: Side, owner: string): TandemError {
  const { schema } = endpoint.state.checkpoint.ref;
  const [itsSync = '', itsSide = ''] = owner.split('/');
  return new TandemError('TD5017', `the state tables in ${schema} are not those of this side`, {
    expected: 'state tables of their own for each side of each sync',
    found: `the state tables of the ${itsSide} side of ${itsSync}`,
    fix: `stateSchema: '${schema}_${sync}_${side}' in the configuration of the ${side} side`,
    at: { side, schema },
  });
}
