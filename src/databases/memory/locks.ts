import { TandemError } from '../../model/error.ts';

export type LockMode = 'shared' | 'exclusive';

interface Waiter {
  readonly owner: object;
  readonly mode: LockMode;
  readonly grant: () => void;
  readonly refuse: (error: TandemError) => void;
}

interface Lock {
  readonly holders: Map<object, LockMode>;
  readonly queue: Waiter[];
}

/**
 * Locks on named resources (rows, unique values, referenced keys), held until their owner's transaction ends. Waiters
 * are served in order, and whoever would close a circle of waiting is refused with TD7006 at once.
 */
export class Locks {
  readonly #locks = new Map<string, Lock>();
  readonly #held = new Map<object, Set<string>>();
  readonly #waiting = new Map<object, string>();

  /** Undefined where the lock is granted at once; otherwise resolves when it is granted. */
  take(owner: object, resource: string, mode: LockMode): Promise<void> | undefined {
    const lock = this.#lock(resource);
    const held = lock.holders.get(owner);
    if (held === 'exclusive' || held === mode) return undefined;
    // Who already holds the lock does not queue behind those who wait for him.
    if (compatible(lock, owner, mode) && (held !== undefined || lock.queue.length === 0)) {
      this.#grant(lock, resource, owner, mode);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { owner, mode, grant: resolve, refuse: reject };
      if (held === undefined) lock.queue.push(waiter);
      else lock.queue.unshift(waiter);
      this.#waiting.set(owner, resource);
      if (this.#waitsForItself(owner)) this.cancel(owner, deadlock(resource));
    });
  }

  /** Gives back everything that the owner holds. */
  release(owner: object): void {
    const held = this.#held.get(owner);
    this.#held.delete(owner);
    for (const resource of held ?? []) {
      this.#lock(resource).holders.delete(owner);
      this.#serve(resource);
    }
  }

  /** Ends the owner's waiting, if it waits, with this error. */
  cancel(owner: object, error: TandemError): void {
    const resource = this.#waiting.get(owner);
    if (resource === undefined) return;
    this.#waiting.delete(owner);
    const { queue } = this.#lock(resource);
    const [waiter] = queue.splice(
      queue.findIndex((entry) => entry.owner === owner),
      1,
    );
    waiter?.refuse(error);
    this.#serve(resource);
  }

  #lock(resource: string): Lock {
    let lock = this.#locks.get(resource);
    if (lock === undefined) {
      lock = { holders: new Map(), queue: [] };
      this.#locks.set(resource, lock);
    }
    return lock;
  }

  #grant(lock: Lock, resource: string, owner: object, mode: LockMode): void {
    lock.holders.set(owner, mode);
    const held = this.#held.get(owner);
    if (held === undefined) this.#held.set(owner, new Set([resource]));
    else held.add(resource);
  }

  #serve(resource: string): void {
    const lock = this.#lock(resource);
    for (let next = lock.queue[0]; next !== undefined; next = lock.queue[0]) {
      if (!compatible(lock, next.owner, next.mode)) return;
      lock.queue.shift();
      this.#waiting.delete(next.owner);
      this.#grant(lock, resource, next.owner, next.mode);
      next.grant();
    }
    if (lock.holders.size === 0) this.#locks.delete(resource);
  }

  #waitsForItself(start: object): boolean {
    const seen = new Set<object>();
    const open = [...this.#blockers(start)];
    for (let owner = open.pop(); owner !== undefined; owner = open.pop()) {
      if (owner === start) return true;
      if (seen.has(owner)) continue;
      seen.add(owner);
      open.push(...this.#blockers(owner));
    }
    return false;
  }

  *#blockers(owner: object): Iterable<object> {
    const resource = this.#waiting.get(owner);
    if (resource === undefined) return;
    const lock = this.#lock(resource);
    const mine = lock.queue.find((waiter) => waiter.owner === owner);
    for (const [holder, mode] of lock.holders) {
      if (holder !== owner && (mode === 'exclusive' || mine?.mode === 'exclusive')) yield holder;
    }
    for (const waiter of lock.queue) {
      if (waiter.owner === owner) return;
      yield waiter.owner;
    }
  }
}

function compatible(lock: Lock, owner: object, mode: LockMode): boolean {
  for (const [holder, held] of lock.holders) {
    if (holder !== owner && (held === 'exclusive' || mode === 'exclusive')) return false;
  }
  return true;
}

function deadlock(resource: string): TandemError {
  // The resource's name holds values, so only its kind and table are told.
  return new TandemError('TD7006', 'two transactions wait for each other', {
    at: { lock: resource.split('|', 2).join(' ') },
  });
}
