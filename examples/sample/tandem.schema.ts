// Written by `tandem pull` from the databases. Commit it; do not edit it: `tandem pull --check` compares it.
import { c, mysqlTable, pgTable } from 'tandem-sync';

export const legacy = {
  likes: pgTable('public.legacy_likes', {
    id: c('int', 'integer', { auto: true }),
    user_id: c('int', 'integer', { ref: ['public.legacy_users', 'id'] }),
    post_id: c('int', 'integer', { ref: ['public.legacy_posts', 'id'] }),
    like_type: c('text', 'character varying(20)', { def: true, in: ['like', 'love', 'wow', 'sad', 'angry'] }),
    source: c('text', 'character varying(20)', { def: true, in: ['legacy', 'revamp', 'sync_service'] }),
    created_at: c('timestamp', 'timestamp without time zone', { def: true }),
  }, ['id']),
  posts: pgTable('public.legacy_posts', {
    id: c('int', 'integer', { auto: true }),
    user_id: c('int', 'integer', { ref: ['public.legacy_users', 'id'] }),
    post_title: c('text', 'character varying(200)'),
    post_content: c('text', 'text', { null: true }),
    post_status: c('text', 'character varying(20)', { def: true, in: ['draft', 'published', 'archived'] }),
    view_count: c('int', 'integer', { def: true }),
    source: c('text', 'character varying(20)', { def: true, in: ['legacy', 'revamp', 'sync_service'] }),
    created_at: c('timestamp', 'timestamp without time zone', { def: true }),
    updated_at: c('timestamp', 'timestamp without time zone', { def: true }),
  }, ['id']),
  users: pgTable('public.legacy_users', {
    id: c('int', 'integer', { auto: true }),
    username: c('text', 'character varying(50)'),
    email: c('text', 'character varying(100)'),
    full_name: c('text', 'character varying(100)', { null: true }),
    phone_number: c('text', 'character varying(20)', { null: true }),
    status: c('text', 'character varying(20)', { def: true, in: ['active', 'inactive', 'suspended'] }),
    source: c('text', 'character varying(20)', { def: true, in: ['legacy', 'revamp', 'sync_service'] }),
    created_at: c('timestamp', 'timestamp without time zone', { def: true }),
    updated_at: c('timestamp', 'timestamp without time zone', { def: true }),
  }, ['id']),
};

export const revamp = {
  likes: mysqlTable('revamp_db.revamp_likes', {
    id: c('int', 'int', { auto: true }),
    user_id: c('int', 'int', { ref: ['revamp_db.revamp_users', 'id'] }),
    post_id: c('int', 'int', { ref: ['revamp_db.revamp_posts', 'id'] }),
    reaction_type: c('text', 'varchar(20)', { def: true, in: ['Like', 'Love', 'Wow', 'Sad', 'Angry'] }),
    source: c('text', 'varchar(20)', { def: true, in: ['legacy', 'revamp', 'sync_service'] }),
    created_at: c('timestamptz', 'timestamp', { def: true }),
  }, ['id']),
  posts: mysqlTable('revamp_db.revamp_posts', {
    id: c('int', 'int', { auto: true }),
    author_id: c('int', 'int', { ref: ['revamp_db.revamp_users', 'id'] }),
    title: c('text', 'varchar(200)'),
    content: c('text', 'text', { null: true }),
    status: c('text', 'varchar(20)', { def: true, in: ['Draft', 'Published', 'Archived'] }),
    views: c('int', 'int', { def: true }),
    source: c('text', 'varchar(20)', { def: true, in: ['legacy', 'revamp', 'sync_service'] }),
    created_at: c('timestamptz', 'timestamp', { def: true }),
    updated_at: c('timestamptz', 'timestamp', { def: true }),
  }, ['id']),
  users: mysqlTable('revamp_db.revamp_users', {
    id: c('int', 'int', { auto: true }),
    user_name: c('text', 'varchar(50)'),
    email_address: c('text', 'varchar(100)'),
    display_name: c('text', 'varchar(100)', { null: true }),
    mobile: c('text', 'varchar(20)', { null: true }),
    account_status: c('text', 'varchar(20)', { def: true, in: ['Active', 'Inactive', 'Suspended'] }),
    source: c('text', 'varchar(20)', { def: true, in: ['legacy', 'revamp', 'sync_service'] }),
    created_at: c('timestamptz', 'timestamp', { def: true }),
    updated_at: c('timestamptz', 'timestamp', { def: true }),
  }, ['id']),
};
