import { defineConfig, env, link, mysql, newestWins, postgres, titleCase, via } from 'tandem-sync';
import { legacy, revamp } from './tandem.schema.ts'; // written by `tandem pull`

export default defineConfig({
  name: 'sample',
  left: postgres({ label: 'legacy', url: env('LEGACY_DATABASE_URL') }),
  right: mysql({ label: 'revamp', url: env('REVAMP_DATABASE_URL') }),

  // Both platforms generate their own keys, so the same row has another number on each side.
  defaults: { conflict: newestWins(), keys: 'mapped' },

  links: {
    users: link(legacy.users, revamp.users, {
      naturalKeys: [['email']], // the same person signed up on both: one row, not two
      source: { left: 'source', right: 'source' }, // 'sync_service' where Tandem wrote a row last
      columns: {
        id: 'id',
        username: 'user_name',
        email: 'email_address',
        full_name: 'display_name',
        phone_number: 'mobile',
        status: via('account_status', titleCase()), // 'active' <-> 'Active'
        created_at: 'created_at',
        updated_at: 'updated_at',
      },
    }),
    posts: link(legacy.posts, revamp.posts, {
      source: { left: 'source', right: 'source' },
      columns: {
        id: 'id',
        user_id: 'author_id', // both are foreign keys to the users link: keys are translated
        post_title: 'title',
        post_content: 'content',
        post_status: via('status', titleCase()),
        view_count: 'views',
        created_at: 'created_at',
        updated_at: 'updated_at',
      },
    }),
    likes: link(legacy.likes, revamp.likes, {
      naturalKeys: [['user_id', 'post_id']],
      source: { left: 'source', right: 'source' },
      columns: {
        id: 'id',
        user_id: 'user_id',
        post_id: 'post_id',
        like_type: via('reaction_type', titleCase()),
        created_at: 'created_at',
      },
    }),
  },
});
