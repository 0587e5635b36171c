import { defineErrors } from '@holotype/base'

/** The codes of `sandbox`. */
export const fail = defineErrors({
  SANDBOX_NOT_ALLOWED: {
    kind: 'resource',
    when: 'the system does not let this user make namespaces and mounts',
    hint: 'run as root: a sandbox needs mounts and files of many owners',
  },
  SANDBOX_BAD_PATH: {
    kind: 'input',
    when: 'a path handed to a mount holds a character that mount options give a meaning to',
    hint: 'use a state directory whose path has no comma, colon, backslash or white space',
  },
  SANDBOX_ROOT_UNFIT: {
    kind: 'input',
    when: "the sandbox's root lacks setpriv (util-linux), which drops the privileges inside",
    hint: 'add util-linux to the packages of this root',
  },
  SANDBOX_LIMIT_REACHED: {
    kind: 'resource',
    when: 'what runs in a sandbox fails, and it was refused memory or processes over its limit',
    hint: 'see what it does that takes so much; the limits stand in limits.ts of the package that ran it',
  },
})
