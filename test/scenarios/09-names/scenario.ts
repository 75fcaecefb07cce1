import { idle, read, type Scenario, start, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'every column arrives under its other name',
  steps: [
    start,
    write(
      'legacy',
      `INSERT INTO legacy_users (id, username, email, full_name, phone_number, status, created_at, updated_at)
       VALUES (70, 'ann', 'ann@example.com', 'Ann O''Hara 小林 🙂', '+49 1', 'inactive',
         '2001-02-03 04:05:06', '2002-03-04 05:06:07')`,
      `INSERT INTO legacy_posts (id, user_id, post_title, post_content, post_status, view_count, created_at, updated_at)
       VALUES (80, 70, 'Hello', 'line one
line two', 'published', 7, '2003-02-03 04:05:06', '2004-03-04 05:06:07')`,
      `INSERT INTO legacy_likes (user_id, post_id, like_type, created_at)
        VALUES (70, 80, 'wow', '2005-02-03 04:05:06')`,
    ),
    idle,
    read(
      'revamp',
      `SELECT user_name, email_address, display_name, mobile, account_status, concat(created_at) AS created_text,
        concat(updated_at) AS updated_text
       FROM revamp_users`,
      [
        'ann',
        'ann@example.com',
        "Ann O'Hara 小林 🙂",
        '+49 1',
        'Inactive',
        '2001-02-03 04:05:06',
        '2002-03-04 05:06:07',
      ],
    ),
    read(
      'revamp',
      `SELECT title, content, status, views, concat(created_at) AS created_text,
        concat(updated_at) AS updated_text FROM revamp_posts`,
      ['Hello', 'line one\nline two', 'Published', '7', '2003-02-03 04:05:06', '2004-03-04 05:06:07'],
    ),
    read('revamp', 'SELECT reaction_type, concat(created_at) AS created_text FROM revamp_likes', [
      'Wow',
      '2005-02-03 04:05:06',
    ]),
    write(
      'revamp',
      `INSERT INTO revamp_users (user_name, email_address, display_name, mobile, account_status, created_at, updated_at)
       VALUES ('bob', 'bob@example.com', 'Bob', '+49 2', 'Suspended', '2006-02-03 04:05:06', '2007-03-04 05:06:07')`,
      `INSERT INTO revamp_likes (user_id, post_id, reaction_type, created_at)
       SELECT u.id, p.id, 'Love', '2008-02-03 04:05:06' FROM revamp_users u CROSS JOIN revamp_posts p
       WHERE u.user_name = 'bob'`,
    ),
    idle,
    read(
      'legacy',
      `SELECT username, email, full_name, phone_number, status, concat(created_at) AS created_text,
        concat(updated_at) AS updated_text
       FROM legacy_users WHERE username = 'bob'`,
      ['bob', 'bob@example.com', 'Bob', '+49 2', 'suspended', '2006-02-03 04:05:06', '2007-03-04 05:06:07'],
    ),
    read('legacy', "SELECT concat(created_at) AS created_text FROM legacy_likes WHERE like_type = 'love'", [
      '2008-02-03 04:05:06',
    ]),
  ],
};
