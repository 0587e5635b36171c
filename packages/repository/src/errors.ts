import { defineErrors } from '@holotype/base'

/** The codes of `repository`. */
export const fail = defineErrors({
  UPSTREAM_NO_SOURCES: {
    kind: 'input',
    when: "the machine's package sources hold nothing for what an upstream asks for",
    hint: 'add the suite to /etc/apt/sources.list or take the pocket or component out of the upstream',
  },
  UPSTREAM_SOURCES_MALFORMED: {
    kind: 'input',
    when: "one of the machine's package source files does not parse",
    hint: 'mend the file at the line shown; `apt-get update` refuses it too',
  },
  UPSTREAM_UNREACHABLE: {
    kind: 'unreachable',
    when: 'an upstream repository does not answer or lacks its index',
    hint: 'check the network and run the command again; nothing was changed',
  },
  UPSTREAM_SIGNATURE: {
    kind: 'trust',
    when: "an upstream's top does not carry a good signature of the keys that its source or its keyring names",
    hint: 'do not use this source before you know why: the mirror may be broken or hostile, or the keyring package old',
  },
  UPSTREAM_EXPIRED: {
    kind: 'trust',
    when: "an upstream's signed top is past its Valid-Until",
    hint: 'the mirror is stale: take another, or check this machine’s clock',
  },
  UPSTREAM_MISMATCH: {
    kind: 'trust',
    when: 'an upstream index is not what the top says, or the top is not that of the suite asked for, or both change while they are read',
    hint: 'the mirror may be in the middle of an update: try again in some minutes, else take another mirror',
  },
  SNAPSHOT_MALFORMED: {
    kind: 'corrupt',
    when: 'an object that should be a snapshot is not one',
    hint: 'take the snapshot again and lock the image anew',
  },
  FETCH_UNREACHABLE: {
    kind: 'unreachable',
    when: 'a server does not answer, or answers with an error',
    hint: 'check the network and run the command again; what was fetched is kept',
  },
  FETCH_NOT_FOUND: {
    kind: 'unreachable',
    when: 'a server does not have the file',
    hint: 'upstream may have replaced the package: lock the image anew',
  },
  FETCH_TRUNCATED: {
    kind: 'unreachable',
    when: 'a download ended before its last byte, every time it was tried',
    hint: 'run the command again; what was fetched is kept',
  },
  FETCH_MISMATCH: {
    kind: 'trust',
    when: 'a downloaded file is not the one that was asked for',
    hint: 'the mirror is broken or hostile: take another; nothing of the file was kept',
  },
  FETCH_NO_SOURCE: {
    kind: 'input',
    when: 'a package of a lock is neither in the store nor in a snapshot that the store has',
    hint: 'lock the image anew on this machine, or copy the store that made the lock',
  },
  REPOSITORY_BUSY: {
    kind: 'conflict',
    when: 'another process works on the same repository for longer than one waits',
    hint: 'see what that process does; the kernel frees its turn when it ends',
  },
  REPOSITORY_STATE_MALFORMED: {
    kind: 'corrupt',
    when: 'the state of one of our own repositories is damaged or missing in part',
    hint: 'delete the directory that is named and take the packages in again: the store has their files',
  },
  REPOSITORY_NAME_TAKEN: {
    kind: 'conflict',
    when: 'a name that a repository publishes is one of another repository in the same directory',
    hint: 'publish each repository into a directory of its own',
  },
  SNAPSHOT_NAME_TAKEN: {
    kind: 'conflict',
    when: 'a snapshot is to get a name that another one has',
    hint: 'choose another name, or drop that one: `holotype repo drop NAME`',
  },
  SNAPSHOT_NOT_COMPARABLE: {
    kind: 'input',
    when: 'two snapshots of different package formats are to be compared',
    hint: 'compare two snapshots of one upstream: see `holotype repo list`',
  },
  SITE_UNLISTED: {
    kind: 'input',
    when: 'a site has no list of its files, which is what is copied and verified by',
    hint: 'check the address; a site of an earlier version gets its list where it is published: `holotype repo gc`',
  },
  SITE_LIST_MALFORMED: {
    kind: 'trust',
    when: "the list of a site's files does not parse, or names what lies outside of a site",
    hint: 'the origin is broken or hostile: take another; nothing of it was kept',
  },
  SITE_LIST_FULL: {
    kind: 'resource',
    when: 'a site has more names that change, or larger ones, than the list of its files takes',
    hint: 'serve some of its repositories from a site of their own; the list before stays, and mirrors with it',
  },
  SITE_OTHER: {
    kind: 'conflict',
    when: 'a directory or a bucket holds something else than a copy of the site that is to be copied there',
    hint: 'name the origin that it follows, or another place',
  },
  SITE_BACKWARD: {
    kind: 'conflict',
    when: 'an origin is at an earlier serial than the copy that follows it',
    hint: 'the origin was put back, or is a stale mirror: take another origin, or wait until it has come past',
  },
  SITE_CHANGING: {
    kind: 'unreachable',
    when: 'an origin changed again and again while it was read',
    hint: 'run the command again; what was fetched is kept',
  },
  SITE_DAMAGED: {
    kind: 'corrupt',
    when: 'a site or a mirror has files that are missing or other than its lists, its metadata or its indexes say',
    hint: 'on a mirror: `holotype repo mirror --check` fetches them anew; on the origin: publish again',
  },
  MIRROR_CYCLE: {
    kind: 'conflict',
    when: 'the origin of a mirror is a mirror that follows it, over however many others',
    hint: 'name an origin that is nearer to the site, or the site itself',
  },
  MIRROR_QUOTA: {
    kind: 'resource',
    when: "what a mirror would hold is more than its quota or its disk's room",
    hint: 'raise --quota or free some space; the mirror stays whole, at the serial it has',
  },
})
