-- The spine: nodes and what they report, images and findings, reviews, channels and rollouts, and the record of every decision.

create table nodes (
  node text primary key,
  name text not null,
  channel text not null,
  labels jsonb not null,
  -- Ed25519, SPKI, DER.
  public_key bytea not null unique,
  hostname text not null,
  enrolled_at timestamptz not null
);
create index nodes_channel on nodes (channel);
create index nodes_name on nodes (name);

-- The secret itself is never stored.
create table enrol_tokens (
  secret_sha256 bytea primary key check (length(secret_sha256) = 32),
  name text not null,
  channel text not null,
  labels jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  node text references nodes
);

-- One row per node, written at every check-in: room for updates in place (HOT), which the index below does not hinder while
-- set and image stay.
create table node_states (
  node text primary key references nodes,
  image text,
  -- Since when the node reports this image and this set.
  image_since timestamptz not null,
  statement bigint not null,
  set_digest text,
  set_since timestamptz not null,
  kernel text not null,
  flags text[] not null,
  seen_at timestamptz not null,
  -- Unix seconds of the newest signature: an older check-in, late or replayed, changes nothing.
  signed_at bigint not null,
  -- The run that started last.
  run text,
  run_outcome text check (run_outcome in ('converged', 'failed')),
  run_to text,
  run_started_at timestamptz
) with (fillfactor = 60);
create index node_states_set_image on node_states (set_digest, image);

-- Installed sets: stored once, however many nodes have them.
create table sets (
  digest text primary key,
  body jsonb not null,
  packages integer not null,
  received_at timestamptz not null
);

create table images (
  image text primary key,
  name text not null,
  files bigint not null,
  bytes bigint not null,
  -- The baseline, as a set.
  packages jsonb not null,
  set_digest text not null,
  registered_at timestamptz not null
);

-- Computed once per set and image, never per node (invariant: the expensive thing happens once).
create table set_findings (
  set_digest text not null references sets,
  image text not null references images,
  findings jsonb not null,
  count integer not null,
  computed_at timestamptz not null,
  primary key (set_digest, image)
);

create table runs (
  node text not null references nodes,
  run text not null,
  sha256 bytea not null,
  report jsonb not null,
  started_at timestamptz not null,
  received_at timestamptz not null,
  primary key (node, run)
);
create index runs_newest on runs (node, started_at desc);

create table diffs (
  digest text primary key,
  -- The bytes that the digest and every approval stand for.
  body text not null,
  from_image text not null,
  from_name text not null,
  to_image text not null,
  to_name text not null,
  high integer not null,
  registered_at timestamptz not null
);

create table approvals (
  id bigint generated always as identity primary key,
  diff text not null references diffs,
  actor text not null,
  verdict text not null check (verdict in ('approved', 'rejected')),
  comment text not null,
  time timestamptz not null
);
create index approvals_diff on approvals (diff);

create table channels (
  channel text primary key,
  number bigint not null,
  current_image text not null,
  next_image text,
  recorded_at timestamptz not null
);

create table statements (
  channel text not null references channels,
  number bigint not null,
  body jsonb not null,
  gates jsonb not null,
  diff text,
  recorded_at timestamptz not null,
  primary key (channel, number)
);

create table rollouts (
  rollout text primary key,
  channel text not null references channels,
  state text not null check (state in ('running', 'done', 'stopped')),
  from_image text not null,
  to_image text not null,
  diff text,
  started_at timestamptz not null,
  ended_at timestamptz,
  actor text not null,
  reason text not null,
  commit text not null,
  -- The last statement that spoke of it.
  statement bigint not null,
  check ((state = 'running') = (ended_at is null))
);
create unique index rollouts_one_runs on rollouts (channel) where state = 'running';

create table waves (
  rollout text not null references rollouts,
  position integer not null,
  name text not null,
  selector jsonb not null,
  share integer not null,
  open boolean not null,
  opened_at timestamptz,
  soak integer not null,
  success integer not null,
  -- How the wave stood when the rollout ended: nodes move on afterwards.
  final jsonb,
  primary key (rollout, position),
  unique (rollout, name)
);

-- Every decision, in the transaction that takes it. Records are chained by hash: a record cannot be changed, taken out or put in
-- without all later hashes changing.
create table audit (
  id bigint primary key,
  time timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  reason text not null,
  commit text not null,
  previous bytea not null,
  hash bytea not null
);

create function audit_hash(record audit) returns bytea language sql stable as $$
  select sha256(record.previous || convert_to(jsonb_build_array(
    record.id, to_char(record.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    record.actor, record.action, record.subject, record.reason, record.commit)::text, 'UTF8'))
$$;

-- One writer at a time until its commit: numbers without gaps, in the order of the chain.
create function audit_chain() returns trigger language plpgsql as $$
declare
  last audit;
begin
  perform pg_advisory_xact_lock(7310001);
  select * into last from audit order by id desc limit 1;
  new.id := coalesce(last.id, 0) + 1;
  new.previous := coalesce(last.hash, sha256(''::bytea));
  new.hash := audit_hash(new);
  return new;
end
$$;
create trigger audit_chain before insert on audit for each row execute function audit_chain();

create function audit_refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only: % refused', lower(tg_op) using errcode = 'restrict_violation';
end
$$;
create trigger audit_append_only before update or delete on audit for each row execute function audit_refuse();
create trigger audit_no_truncate before truncate on audit for each statement execute function audit_refuse();

-- The first record whose hash or link is wrong; null when the whole chain holds.
create function audit_broken() returns bigint language sql stable as $$
  select min(id) from (
    select a.id, a.hash <> audit_hash(a)
      or a.previous <> coalesce(lag(a.hash) over (order by a.id), sha256(''::bytea))
      or a.id <> row_number() over (order by a.id) as broken
    from audit a
  ) checked where broken
$$;
