create table queue (
  n bigint generated always as identity primary key,
  target text not null,
  id text,
  payload bytea not null,
  content_type text,
  headers jsonb,
  deliveries int not null default 0,
  handled_at timestamptz
);
create unique index on queue (target, md5(id));
create index on queue (target, n) where handled_at is null;

create function announce() returns trigger language plpgsql as $$ begin
  notify queue;
  return null;
end $$;
create trigger announce after insert on queue for each statement execute function announce();
