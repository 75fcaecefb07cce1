import { TandemError } from '../model/error.ts';
import type { CodecSpec, DeclaredCodec, End, Misplaced } from './declaration.ts';

/** What a codec does between two columns. */
export type Placement = Pick<DeclaredCodec, 'nulls' | 'toRight' | 'toLeft' | 'canon'>;

/** A built-in codec whose work depends on the columns it stands between. */
export function placedCodec<Name extends string>(
  name: Name,
  spec: CodecSpec,
  place: (left: End, right: End) => Placement | Misplaced,
): DeclaredCodec & { readonly codec: Name } {
  const unplaced = (): never => {
    throw new TandemError('TD2110', `the codec ${name} has not been placed between columns`);
  };
  return {
    name,
    spec,
    nulls: 'keep',
    toRight: unplaced,
    toLeft: unplaced,
    between(left, right) {
      const placement = place(left, right);
      return 'expected' in placement ? placement : { name, spec, ...placement };
    },
    codec: name,
  };
}
