-- Reviews: who made an image, what an approval was given under, people's own tokens, comments and ticks by item.

alter table images add authors text[] not null default '{}';
-- The ids of the diff's hazards: what approvals must name.
alter table diffs add hazards text[] not null default '{}';

alter table approvals
  -- The digest of the policy it was given under. Empty: before there was one.
  add policy text not null default '',
  add hazards text[] not null default '{}',
  -- Given with the actor's own token, and not with the operator's.
  add proven boolean not null default false,
  -- What a script that reviews has seen, as it wrote it.
  add evidence text not null default '';

-- The secret itself is never stored.
create table reviewers (
  secret_sha256 bytea primary key check (length(secret_sha256) = 32),
  actor text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);

create table comments (
  id bigint generated always as identity primary key,
  diff text not null references diffs,
  -- `package:NAME`, `file:/PATH`, `hazard:ID`; empty: the whole diff.
  item text not null,
  actor text not null,
  text text not null,
  time timestamptz not null
);
create index comments_diff on comments (diff);

create table reviewed (
  diff text not null references diffs,
  actor text not null,
  item text not null,
  time timestamptz not null,
  primary key (diff, actor, item)
);
