import type { Selection } from '../../engine/parked-select.ts';

/** The flags that say which parked rows are meant. */
export interface Filters {
  readonly link?: string;
  readonly code?: string;
  readonly direction?: 'toRight' | 'toLeft';
  readonly blockedBy?: string;
}

export function selectionOf({ link, code, direction, blockedBy }: Filters): Selection {
  const stream = direction === undefined ? undefined : direction === 'toRight' ? 'left->right' : 'right->left';
  return { link, code: code?.toUpperCase(), stream, blockedBy };
}
