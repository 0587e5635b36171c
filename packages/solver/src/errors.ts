import { defineErrors } from '@holotype/base'

/** The codes of `solver`. */
export const fail = defineErrors({
  RESOLVE_CONFLICT: {
    kind: 'conflict',
    when: 'no choice of packages satisfies all that is asked for',
    hint: 'change what is asked for, excluded, pinned or held, or the sources, so that one of these lines gives way',
  },
  RESOLVE_UNKNOWN_PACKAGE: {
    kind: 'input',
    when: 'a package is asked for that no source offers',
    hint: 'check the name, or add the source that has the package',
  },
  RESOLVE_REQUEST: {
    kind: 'input',
    when: 'a package is asked for, pinned or held in a form or a way that cannot be',
    hint: 'write the name alone, name=version, name:architecture or @group; only what a lock has can be held',
  },
  RESOLVE_LIMIT: {
    kind: 'resource',
    when: 'the search for a set of packages was given up after too many conflicts',
    hint: 'name the versions you want (`name=version`) to narrow the search',
  },
  LOCK_MALFORMED: {
    kind: 'input',
    when: 'a lock file does not parse or contradicts itself',
    hint: 'write it anew with `holotype image lock`; after a git merge, that resolves the conflict too',
  },
})
