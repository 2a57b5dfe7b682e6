create table messages (
  id text unique,
  source text not null,
  body jsonb not null,
  stored_at timestamptz not null default now()
);

-- what the table above refuses, and why
create table dead_letters (
  id text,
  source text not null,
  payload bytea not null,
  reason text not null,
  stored_at timestamptz not null default now()
);
create unique index on dead_letters (md5(id));
