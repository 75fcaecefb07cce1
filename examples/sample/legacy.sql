-- The legacy platform, on PostgreSQL. Load it into an empty database:
--   createdb legacy_db && psql -d legacy_db -f legacy.sql

CREATE TABLE legacy_users (
  id serial PRIMARY KEY,
  username varchar(50) NOT NULL,
  email varchar(100) NOT NULL,
  full_name varchar(100),
  phone_number varchar(20),
  status varchar(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended')),
  source varchar(20) NOT NULL DEFAULT 'legacy' CHECK (source IN ('legacy', 'revamp', 'sync_service')),
  created_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  updated_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  UNIQUE (username),
  UNIQUE (email)
);

CREATE TABLE legacy_posts (
  id serial PRIMARY KEY,
  user_id int NOT NULL,
  post_title varchar(200) NOT NULL,
  post_content text,
  post_status varchar(20) NOT NULL DEFAULT 'draft' CHECK (post_status IN ('draft', 'published', 'archived')),
  view_count int NOT NULL DEFAULT 0,
  source varchar(20) NOT NULL DEFAULT 'legacy' CHECK (source IN ('legacy', 'revamp', 'sync_service')),
  created_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  updated_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  FOREIGN KEY (user_id) REFERENCES legacy_users (id) ON DELETE CASCADE
);

CREATE TABLE legacy_likes (
  id serial PRIMARY KEY,
  user_id int NOT NULL,
  post_id int NOT NULL,
  like_type varchar(20) NOT NULL DEFAULT 'like' CHECK (like_type IN ('like', 'love', 'wow', 'sad', 'angry')),
  source varchar(20) NOT NULL DEFAULT 'legacy' CHECK (source IN ('legacy', 'revamp', 'sync_service')),
  created_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  UNIQUE (user_id, post_id),
  FOREIGN KEY (user_id) REFERENCES legacy_users (id) ON DELETE CASCADE,
  FOREIGN KEY (post_id) REFERENCES legacy_posts (id) ON DELETE CASCADE
);

CREATE FUNCTION legacy_touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('tandem.apply', true) IS DISTINCT FROM 'on' THEN
    NEW.updated_at := timezone('UTC', now());
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER legacy_users_touch BEFORE UPDATE ON legacy_users
  FOR EACH ROW EXECUTE FUNCTION legacy_touch_updated_at();

CREATE TRIGGER legacy_posts_touch BEFORE UPDATE ON legacy_posts
  FOR EACH ROW EXECUTE FUNCTION legacy_touch_updated_at();
