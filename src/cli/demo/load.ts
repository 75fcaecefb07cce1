import { setTimeout as sleep } from 'node:timers/promises';
import { otherSide, type Side } from '../../model/policy.ts';
import { connect, type Connection, type SampleSide } from './database.ts';
import { createFence, type Fence } from './beacon.ts';
import { createPlatform, type Platform, type PostFields, type UserFields } from './platform.ts';
import { createRandom, type Random } from './random.ts';
import { type KnownPost, type KnownUser, World } from './world.ts';

export interface LoadOptions {
  readonly left: SampleSide;
  readonly right: SampleSide;
  readonly seed: number;
  /** Of both sides together. */
  readonly ratePerSecond: number;
}

/**
 * Both applications at work on the sample, one connection each, and now and then both on the same row at the same time.
 * It keeps away from one thing only: it does not delete a parent while children of it are on their way.
 */
export interface Load extends AsyncDisposable {
  /**
   * Writes until the signal fires; what has begun is finished. Throws what a database says, except for refusals that
   * applications live with.
   */
  run(signal: AbortSignal): Promise<void>;
  counts(): LoadCounts;
}

export interface LoadCounts {
  /** Statements that wrote something, by what they did. */
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  /** Rows that both sides wrote at the same moment. */
  readonly clashes: number;
  /** Deadlocks and duplicates: an application would try again or tell its user. */
  readonly refused: number;
}

type Counted = Exclude<keyof LoadCounts, 'clashes'>;

interface Writer {
  readonly world: World;
  readonly random: Random;
  readonly count: (what: Counted, write: Promise<number>) => Promise<number>;
}

export async function createLoad(options: LoadOptions): Promise<Load> {
  const open: Connection[] = [];
  const connectTo = async (side: Side): Promise<Connection> => {
    const connection = await connect(options[side]);
    open.push(connection);
    return connection;
  };
  const platform = async (side: Side): Promise<Platform> => createPlatform(side, await connectTo(side));
  const alone = { left: await platform('left'), right: await platform('right') };
  // Not on the connections above: a removal must not become part of a transaction that another step has open there.
  const removing = { left: await platform('left'), right: await platform('right') };
  const together = { left: await platform('left'), right: await platform('right') };
  const fence = createFence({ left: await connectTo('left'), right: await connectTo('right') }, `load${options.seed}`);

  const counts: Record<keyof LoadCounts, number> = { inserts: 0, updates: 0, deletes: 0, clashes: 0, refused: 0 };
  const world = new World();
  const writer = (seed: number): Writer => ({
    world,
    random: createRandom(seed),
    count: (what, write) => counted(counts, what, write),
  });
  const intervalMs = 2000 / options.ratePerSecond;
  const turns = createTurns();
  return {
    async run(signal) {
      const stop = new AbortController();
      signal.addEventListener('abort', () => stop.abort(), { once: true });
      if (signal.aborted) return;
      const loops = [
        turns.repeat(intervalMs, stop.signal, applicationStep(alone.left, writer(options.seed))),
        turns.repeat(intervalMs, stop.signal, applicationStep(alone.right, writer(options.seed + 1))),
        turns.repeat(intervalMs * 8, stop.signal, clashStep(together, writer(options.seed + 2), counts)),
        removalLoop(removing, writer(options.seed + 3), fence, turns, stop.signal),
      ];
      // One loop that fails ends the others, so that the failure is seen at once.
      await Promise.all(loops.map((loop) => loop.catch(abortAnd(stop))));
    },
    counts: () => ({ ...counts }),
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}

function abortAnd(stop: AbortController): (error: unknown) => never {
  return (error) => {
    stop.abort();
    throw error;
  };
}

/** Unique, deadlock, serialization, lock timeout, foreign key; 1467 is MariaDB's deadlock over AUTO_INCREMENT. */
const refusals = new Set<unknown>(['23505', '40P01', '40001', '55P03', '23503', 1062, 1213, 1205, 1452, 1020, 1467]);

async function counted(
  counts: Record<keyof LoadCounts, number>,
  what: Counted,
  write: Promise<number>,
): Promise<number> {
  try {
    const rows = await write;
    if (rows > 0) counts[what] += 1;
    return rows;
  } catch (error) {
    const { code, errno } = error as { code?: unknown; errno?: unknown };
    if (!refusals.has(code) && !refusals.has(errno)) throw error;
    counts.refused += 1;
    return 0;
  }
}

/** Steps that repeat, and the possibility to wait until every step that has begun is over. */
interface Turns {
  repeat(intervalMs: number, signal: AbortSignal, step: () => Promise<void>): Promise<void>;
  settled(): Promise<void>;
}

function createTurns(): Turns {
  const current = new Set<Promise<void>>();
  return {
    async repeat(intervalMs, signal, step) {
      let due = performance.now();
      while (!signal.aborted) {
        const turn = step();
        current.add(turn);
        try {
          await turn;
        } finally {
          current.delete(turn);
        }
        due = Math.max(due + intervalMs, performance.now() - intervalMs);
        await pause(due - performance.now(), signal);
      }
    },
    settled: async () => void (await Promise.allSettled(current)),
  };
}

/** Ends early, and quietly, when the signal fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function applicationStep(platform: Platform, writer: Writer): () => Promise<void> {
  const { random } = writer;
  const steps: readonly [number, (platform: Platform, writer: Writer) => Promise<unknown>][] = [
    [0.2, signUp],
    [0.35, writePost],
    [0.55, like],
    [0.72, changeUser],
    [0.86, changePost],
    [0.95, viewPost],
    [1, unlike],
  ];
  return async () => {
    const at = random.next();
    const step = steps.find(([upTo]) => at < upTo)?.[1] ?? signUp;
    await step(platform, writer);
  };
}

async function signUp(platform: Platform, { world, random, count }: Writer): Promise<void> {
  const name = `${platform.side === 'left' ? 'ann' : 'bob'}${world.number()}`;
  const email = `${name}@example.com`;
  const withPost = random.chance(0.3);
  const title = `Hello from ${name}`;
  const write = platform.connection.transaction(async () => {
    await platform.signUp(email, name, userFields(random));
    return withPost ? platform.writePost(email, title, postFields(random)) : 1;
  });
  if ((await count('inserts', write)) === 0) return;
  const user = world.addUser(email, !withPost && random.chance(0.15));
  if (withPost) world.addPost(title, user);
}

async function writePost(platform: Platform, { world, random, count }: Writer): Promise<void> {
  const author = world.user(random);
  if (author === undefined) return;
  const title = `Post ${world.number()}`;
  const rows = await count('inserts', platform.writePost(author.email, title, postFields(random)));
  if (rows > 0) world.addPost(title, author);
}

async function like(platform: Platform, { world, random, count }: Writer): Promise<void> {
  const user = world.user(random);
  const post = world.post(random);
  if (user === undefined || post === undefined) return;
  const rows = await count('inserts', platform.like(user.email, post.title, likeKind(random)));
  if (rows > 0) world.addLike(user, post);
}

async function unlike(platform: Platform, { world, random, count }: Writer): Promise<void> {
  const taken = world.takeLike(random);
  if (taken !== undefined) await count('deletes', platform.unlike(taken.user.email, taken.post.title));
}

async function changeUser(platform: Platform, { world, random, count }: Writer): Promise<void> {
  const user = world.user(random, random.chance(0.1));
  if (user !== undefined) await count('updates', platform.changeUser(user.email, userFields(random)));
}

async function changePost(platform: Platform, { world, random, count }: Writer): Promise<void> {
  const post = world.post(random);
  if (post !== undefined) await count('updates', platform.changePost(post.title, postFields(random)));
}

async function viewPost(platform: Platform, { world, random, count }: Writer): Promise<void> {
  const post = world.post(random);
  if (post !== undefined) await count('updates', platform.viewPost(post.title));
}

type Platforms = Readonly<Record<Side, Platform>>;

type WriteBoth = (write: (platform: Platform) => readonly [Counted, Promise<number>]) => Promise<void>;

/** The same row, written on both sides before either side can know of the other. */
function clashStep(
  platforms: Platforms,
  writer: Writer,
  counts: Record<keyof LoadCounts, number>,
): () => Promise<void> {
  const { world, random, count } = writer;
  const both: WriteBoth = async (write) => {
    const sides = [platforms.left, platforms.right];
    const rows = await Promise.all(sides.map((platform) => count(...write(platform))));
    if (rows.every((each) => each > 0)) counts.clashes += 1;
  };
  return async () => {
    const kind = random.next();
    const user = world.user(random);
    const post = world.post(random);
    if (user === undefined || post === undefined) return;
    if (kind < 0.4) await both((platform) => ['updates', platform.changeUser(user.email, userFields(random))]);
    else if (kind < 0.6) await both((platform) => ['updates', platform.changePost(post.title, postFields(random))]);
    else if (kind < 0.7) await both((platform) => ['inserts', platform.like(user.email, post.title, likeKind(random))]);
    else if (kind < 0.85) await signUpTwice(writer, both);
    else await removeAndChange(writer, both, kind > 0.95);
  };
}

/** One person signs up on both platforms: two rows with different keys that are one. */
async function signUpTwice({ world, random }: Writer, both: WriteBoth): Promise<void> {
  const name = `zoe${world.number()}`;
  const email = `${name}@example.com`;
  await both((platform) => ['inserts', platform.signUp(email, name, userFields(random))]);
  world.addUser(email, false);
}

/** One side deletes what the other side changes, or deletes, too. */
async function removeAndChange({ world, random }: Writer, both: WriteBoth, twice: boolean): Promise<void> {
  const user = world.user(random, true);
  if (user === undefined) return;
  user.retired = true;
  const remover: Side = random.chance(0.5) ? 'left' : 'right';
  await both((platform) =>
    twice || platform.side === remover
      ? ['deletes', platform.removeUser(user.email)]
      : ['updates', platform.changeUser(user.email, userFields(random))],
  );
}

/** Takes users and posts out: no more writes to them, then a fence in both directions, then the cascading delete. */
async function removalLoop(
  platforms: Platforms,
  { world, random, count }: Writer,
  fence: Fence,
  turns: Turns,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(1000, signal);
    const leaving: (KnownUser | KnownPost)[] = [world.user(random), world.post(random)].filter(
      (each) => each !== undefined,
    );
    for (const each of leaving) each.retired = true;
    await turns.settled();
    if (!(await fence.pass(signal))) return;
    for (const each of leaving) {
      const platform = platforms[random.chance(0.5) ? 'left' : otherSide('left')];
      const remove = 'email' in each ? platform.removeUser(each.email) : platform.removePost(each.title);
      await count('deletes', remove);
    }
  }
}

function userFields(random: Random): UserFields {
  const number = random.below(1_000_000);
  return {
    fullName: random.chance(0.05) ? null : `${random.pick(['Ann', 'Jürgen', 'Zoë', '小林', "O'Hara"])} ${number}`,
    phone: random.chance(0.2) ? null : `+49 ${number}`,
    status: random.pick(['active', 'inactive', 'suspended']) ?? 'active',
  };
}

function postFields(random: Random): PostFields {
  return {
    content: random.chance(0.1) ? null : `Text ${random.next()} with "quotes", \\ and 🙂\n`,
    status: random.pick(['draft', 'published', 'archived']) ?? 'draft',
  };
}

function likeKind(random: Random): string {
  return random.pick(['like', 'love', 'wow', 'sad', 'angry']) ?? 'like';
}
