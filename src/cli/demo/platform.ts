import type { Side } from '../../model/policy.ts';
import type { Connection } from './database.ts';
import { PLATFORM, phrase, spell } from './sample.ts';

/** The fields of a user that the sample's applications change. */
export interface UserFields {
  readonly fullName: string | null;
  readonly phone: string | null;
  /** In the left's spelling. */
  readonly status: string;
}

export interface PostFields {
  readonly content: string | null;
  /** In the left's spelling. */
  readonly status: string;
}

/**
 * One of the two applications, as far as it writes. Rows are named by what both sides know of them (email, title),
 * since each side has keys of its own. Every method returns how many rows it wrote: 0 where the row is not there (yet).
 */
export interface Platform {
  readonly side: Side;
  readonly connection: Connection;
  signUp(email: string, username: string, fields: UserFields): Promise<number>;
  changeUser(email: string, fields: UserFields): Promise<number>;
  removeUser(email: string): Promise<number>;
  writePost(author: string, title: string, fields: PostFields): Promise<number>;
  changePost(title: string, fields: PostFields): Promise<number>;
  viewPost(title: string): Promise<number>;
  removePost(title: string): Promise<number>;
  /** `kind` in the left's spelling. */
  like(user: string, title: string, kind: string): Promise<number>;
  unlike(user: string, title: string): Promise<number>;
}

const insertUser = `INSERT INTO {users}
  ({users.username}, {users.email}, {users.full_name}, {users.phone_number}, {users.status}) VALUES (?, ?, ?, ?, ?)`;
const updateUser = `UPDATE {users}
  SET {users.full_name} = ?, {users.phone_number} = ?, {users.status} = ? WHERE {users.email} = ?`;
// Some applications say who they are with every write and some forget to: a sync must not care.
const updateUserAs = `UPDATE {users}
  SET {users.full_name} = ?, {users.phone_number} = ?, {users.status} = ?, {users.source} = '?source'
  WHERE {users.email} = ?`;
const insertPost = `INSERT INTO {posts} ({posts.user_id}, {posts.post_title}, {posts.post_content}, {posts.post_status})
  SELECT id, ?, ?, ? FROM {users} WHERE {users.email} = ?`;
const updatePost = `UPDATE {posts}
  SET {posts.post_content} = ?, {posts.post_status} = ?, {posts.source} = '?source' WHERE {posts.post_title} = ?`;
const countView = `UPDATE {posts} SET {posts.view_count} = {posts.view_count} + 1 WHERE {posts.post_title} = ?`;
const insertLike = `INSERT INTO {likes} ({likes.user_id}, {likes.post_id}, {likes.like_type})
  SELECT u.id, p.id, ? FROM {users} u CROSS JOIN {posts} p WHERE u.{users.email} = ? AND p.{posts.post_title} = ?`;
const deleteLike = `DELETE FROM {likes}
  WHERE {likes.user_id} = (SELECT id FROM {users} WHERE {users.email} = ?)
    AND {likes.post_id} = (SELECT id FROM {posts} WHERE {posts.post_title} = ?)`;

export function createPlatform(side: Side, connection: Connection): Platform {
  const say = (sql: string): string => phrase(side, sql).replace('?source', PLATFORM[side]);
  const sql = {
    insertUser: say(insertUser),
    updateUser: say(updateUser),
    updateUserAs: say(updateUserAs),
    deleteUser: say('DELETE FROM {users} WHERE {users.email} = ?'),
    insertPost: say(insertPost),
    updatePost: say(updatePost),
    countView: say(countView),
    deletePost: say('DELETE FROM {posts} WHERE {posts.post_title} = ?'),
    insertLike: say(insertLike),
    deleteLike: say(deleteLike),
  };
  const run = (text: string, ...values: unknown[]): Promise<number> => connection.execute(text, values);
  const user = ({ fullName, phone, status }: UserFields): unknown[] => [fullName, phone, spell(side, status)];
  const post = ({ content, status }: PostFields): unknown[] => [content, spell(side, status)];
  let userWrites = 0;
  return {
    side,
    connection,
    signUp: (email, username, fields) => run(sql.insertUser, username, email, ...user(fields)),
    changeUser(email, fields) {
      userWrites += 1;
      return run(userWrites % 2 === 0 ? sql.updateUser : sql.updateUserAs, ...user(fields), email);
    },
    removeUser: (email) => run(sql.deleteUser, email),
    writePost: (author, title, fields) => run(sql.insertPost, title, ...post(fields), author),
    changePost: (title, fields) => run(sql.updatePost, ...post(fields), title),
    viewPost: (title) => run(sql.countView, title),
    removePost: (title) => run(sql.deletePost, title),
    like: (who, title, kind) => run(sql.insertLike, spell(side, kind), who, title),
    unlike: (who, title) => run(sql.deleteLike, who, title),
  };
}
