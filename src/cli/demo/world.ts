import type { Random } from './random.ts';

export interface KnownUser {
  readonly email: string;
  /** Never gets posts or likes, so it may be deleted on one side while the other changes it. */
  readonly lonely: boolean;
  retired: boolean;
}

export interface KnownPost {
  readonly title: string;
  readonly author: KnownUser;
  retired: boolean;
}

export interface KnownLike {
  readonly user: KnownUser;
  readonly post: KnownPost;
}

/**
 * What the load has written so far, on either side: the only memory that both applications share. What is retired is on
 * its way out and gets no more writes, since a parent that goes while a child of it arrives is a conflict of two rows,
 * which no policy of one row decides.
 */
export class World {
  readonly #users: KnownUser[] = [];
  readonly #posts: KnownPost[] = [];
  readonly #likes: KnownLike[] = [];
  #names = 0;

  /** A number that no name had before. */
  number(): number {
    this.#names += 1;
    return this.#names;
  }

  addUser(email: string, lonely: boolean): KnownUser {
    const user = { email, lonely, retired: false };
    this.#users.push(user);
    return user;
  }

  addPost(title: string, author: KnownUser): KnownPost {
    const post = { title, author, retired: false };
    this.#posts.push(post);
    return post;
  }

  addLike(user: KnownUser, post: KnownPost): void {
    this.#likes.push({ user, post });
  }

  /** Any user that is there to stay. */
  user(random: Random, lonely = false): KnownUser | undefined {
    return recent(this.#users, random, (user) => !user.retired && user.lonely === lonely);
  }

  post(random: Random): KnownPost | undefined {
    return recent(this.#posts, random, (post) => !post.retired && !post.author.retired);
  }

  /** Takes a like out of the world: whoever gets it may remove it. */
  takeLike(random: Random): KnownLike | undefined {
    const free = (like: KnownLike): boolean => !like.user.retired && !like.post.retired && !like.post.author.retired;
    const like = recent(this.#likes, random, free);
    if (like !== undefined) this.#likes.splice(this.#likes.indexOf(like), 1);
    return like;
  }
}

/** Any of the latest items that qualify: a world that only grows would hardly ever see two writes meet. */
function recent<Item>(items: readonly Item[], random: Random, qualifies: (item: Item) => boolean): Item | undefined {
  const found: Item[] = [];
  for (let at = items.length - 1; at >= 0 && found.length < 60; at -= 1) {
    const item = items[at];
    if (item !== undefined && qualifies(item)) found.push(item);
  }
  return random.pick(found);
}
