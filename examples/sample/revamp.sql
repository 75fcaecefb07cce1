-- The platform that replaces it, on MySQL or MariaDB. Load it into an empty database:
--   mysql -e 'CREATE DATABASE revamp_db' && mysql revamp_db < revamp.sql

CREATE TABLE revamp_users (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_name varchar(50) NOT NULL,
  email_address varchar(100) NOT NULL,
  display_name varchar(100),
  mobile varchar(20),
  account_status varchar(20) NOT NULL DEFAULT 'Active' CHECK (account_status IN ('Active', 'Inactive', 'Suspended')),
  source varchar(20) NOT NULL DEFAULT 'revamp' CHECK (source IN ('legacy', 'revamp', 'sync_service')),
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (user_name),
  UNIQUE (email_address)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE revamp_posts (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  author_id int NOT NULL,
  title varchar(200) NOT NULL,
  content text,
  status varchar(20) NOT NULL DEFAULT 'Draft' CHECK (status IN ('Draft', 'Published', 'Archived')),
  views int NOT NULL DEFAULT 0,
  source varchar(20) NOT NULL DEFAULT 'revamp' CHECK (source IN ('legacy', 'revamp', 'sync_service')),
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (author_id) REFERENCES revamp_users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE revamp_likes (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id int NOT NULL,
  post_id int NOT NULL,
  reaction_type varchar(20) NOT NULL DEFAULT 'Like' CHECK (reaction_type IN ('Like', 'Love', 'Wow', 'Sad', 'Angry')),
  source varchar(20) NOT NULL DEFAULT 'revamp' CHECK (source IN ('legacy', 'revamp', 'sync_service')),
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (user_id, post_id),
  FOREIGN KEY (user_id) REFERENCES revamp_users (id) ON DELETE CASCADE,
  FOREIGN KEY (post_id) REFERENCES revamp_posts (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TRIGGER revamp_users_touch BEFORE UPDATE ON revamp_users
  FOR EACH ROW SET NEW.updated_at = IF(@tandem_apply IS NULL, CURRENT_TIMESTAMP, NEW.updated_at);

CREATE TRIGGER revamp_posts_touch BEFORE UPDATE ON revamp_posts
  FOR EACH ROW SET NEW.updated_at = IF(@tandem_apply IS NULL, CURRENT_TIMESTAMP, NEW.updated_at);
