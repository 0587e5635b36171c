import { defineErrors } from '@holotype/base'

/** The codes of `server`. */
export const fail = defineErrors({
  CONFIG_INVALID: {
    kind: 'usage',
    when: 'the server is started with a missing or malformed setting',
    hint: 'set the variables named above and start it again',
  },
  OPERATOR_TOKEN_WEAK: {
    kind: 'usage',
    when: 'the server is started without an operator token, or with one shorter than 32 characters',
    hint: 'make one with `openssl rand -hex 32`; there is no default',
  },
  LISTEN_FAILED: {
    kind: 'resource',
    when: 'the address the server should listen on is taken or not this machine’s',
    hint: 'choose another port, or end what listens there',
  },
  DATABASE_MISSING: {
    kind: 'resource',
    when: 'the embedded PostgreSQL is not installed for this machine',
    hint: 'run `npm install` again, or give a PostgreSQL by HOLOTYPE_DATABASE_URL',
  },
  DATABASE_ACCOUNT: {
    kind: 'resource',
    when: 'PostgreSQL must not run as root and no unprivileged account for it could be found or made',
    hint: 'create one: useradd --system --no-create-home --shell /usr/sbin/nologin holotype',
  },
  DATABASE_IN_USE: {
    kind: 'conflict',
    when: 'another server runs the embedded database of this state directory',
    hint: 'stop the other server, or give each a state directory or one database by URL',
  },
  DATABASE_FAILED: {
    kind: 'resource',
    when: 'the embedded PostgreSQL did not start',
    hint: 'its last lines are above; the data is untouched',
  },
  DATABASE_UNREACHABLE: {
    kind: 'unreachable',
    when: 'the database does not answer',
    hint: 'check HOLOTYPE_DATABASE_URL and that PostgreSQL runs there',
  },
  DATABASE_TOO_OLD: {
    kind: 'resource',
    when: 'the database is older than PostgreSQL 14',
    hint: 'upgrade it, or leave HOLOTYPE_DATABASE_URL away for the embedded one',
  },
  MIGRATION_MISMATCH: {
    kind: 'conflict',
    when: 'the database was migrated by a newer version, or a migration was changed after it was applied',
    hint: 'run the version of Holotype that migrated this database, or a newer one',
  },

  REQUEST_INVALID: {
    kind: 'input',
    when: 'a request does not have the form the API asks for',
    hint: 'compare it with /api/v1/openapi.json',
  },
  BODY_TOO_LARGE: { kind: 'input', when: 'a request’s body is over its limit', hint: 'send less' },
  NOT_FOUND: { kind: 'input', when: 'nothing lies at this address', hint: 'compare it with /api/v1/openapi.json' },
  LOGIN_REQUIRED: {
    kind: 'trust',
    when: 'a request needs the operator’s token, or a reviewer’s for a review, and has none, or a wrong one',
    hint: 'send `authorization: Bearer <token>`',
  },
  HOST_REFUSED: {
    kind: 'trust',
    when: 'a read without a token names a host that is not this machine’s loopback address',
    hint: 'use the address the server printed, or send the operator’s token',
  },
  NODE_SIGNATURE: {
    kind: 'trust',
    when: 'a node’s request is not signed, or not by the key the node enrolled with',
    hint: 'enrol the node again',
  },
  NODE_CLOCK: {
    kind: 'trust',
    when: 'a node’s request was signed more than 300 s from now',
    hint: 'set the node’s clock',
  },
  TOKEN_REFUSED: {
    kind: 'trust',
    when: 'an enrolment token is unknown, expired or used',
    hint: 'make a new one: `holotype node token`',
  },
  NODE_ENROLLED: {
    kind: 'conflict',
    when: 'a node’s key is enrolled already',
    hint: 'let the node make a new key',
  },
  NODE_UNKNOWN: { kind: 'input', when: 'no node has this id or name', hint: 'see `holotype node list`' },
  IMAGE_CONFLICT: {
    kind: 'conflict',
    when: 'an image is registered already with another name or other packages',
    hint: 'an image’s digest stands for one content; compose it again and compare',
  },
  SET_DIGEST: {
    kind: 'input',
    when: 'a set’s bytes are not what its address says',
    hint: 'hash exactly the bytes that are sent',
  },
  SET_NOT_CANONICAL: {
    kind: 'input',
    when: 'a set is not in canonical form',
    hint: 'sort by name, architecture and version, each once, as canonical JSON',
  },
  RUN_CONFLICT: {
    kind: 'conflict',
    when: 'a run’s id was reported before with other content',
    hint: 'make a new id for each run',
  },
  IMAGE_UNKNOWN: { kind: 'input', when: 'no image has this digest', hint: 'see /images' },
  DIFF_DIGEST: { kind: 'input', when: 'a diff’s bytes are not what its digest says', hint: 'hash exactly the body' },
  DIFF_UNKNOWN: { kind: 'input', when: 'no diff has this digest', hint: 'register it first' },
  HAZARD_UNNAMED: {
    kind: 'conflict',
    when: 'an approval does not name a hazard of the diff that nobody has named',
    hint: 'read what the hazard says to do, then name it: `holotype image approve DIFF --hazard ID`',
  },
  HAZARD_UNKNOWN: {
    kind: 'input',
    when: 'a verdict names a hazard that the diff does not have',
    hint: 'name those that the diff shows',
  },
  ACTOR_OTHER: {
    kind: 'conflict',
    when: 'a request with a person’s own token speaks for another person',
    hint: 'leave the actor away: the token says who it is',
  },
  ROLLOUT_UNKNOWN: { kind: 'input', when: 'no rollout has this id', hint: 'see /rollouts' },
  STATEMENT_NOT_HIGHER: {
    kind: 'conflict',
    when: 'a channel statement’s number is not higher than the channel’s last',
    hint: 'read the channel again and make the next statement from there',
  },
  STATEMENT_CONFLICT: {
    kind: 'conflict',
    when: 'a statement goes on with a rollout that has ended or belongs to another channel or other images',
    hint: 'start a rollout with an id of its own',
  },
  SITE_NOT_READY: {
    kind: 'conflict',
    when: 'a token is asked for before the site has a root of trust',
    hint: 'publish the site first: nodes pin its newest root file',
  },
  TOO_MANY_LISTENERS: { kind: 'resource', when: 'too many event streams are open', hint: 'close some' },
  INTERNAL: {
    kind: 'internal',
    when: 'the server met an error of its own',
    hint: 'look for the request id in its log',
  },
})

export type ErrorCode = keyof typeof fail.table
