import { defineErrors } from '@holotype/base'

/** The codes of `cli`. */
export const fail = defineErrors({
  CLI_USAGE: {
    kind: 'usage',
    when: 'a command, a flag or an argument is unknown, missing or malformed',
    hint: 'see `holotype --help`, or `--help` after any command',
  },
  CLI_NOT_BUILT: {
    kind: 'usage',
    when: 'a command is planned but not built yet',
    hint: 'see `holotype --help` for what there is',
  },
  CLI_INTERNAL: {
    kind: 'internal',
    when: 'the command met an error it has no code for: a defect',
    hint: 'run it again with HOLOTYPE_DEBUG=1 and report what it prints',
  },
  CLI_INTERRUPTED: {
    kind: 'refused',
    when: 'the command was stopped by Ctrl-C or a TERM signal',
    hint: 'run it again: what was half done is taken up or thrown away',
  },
  HOME_BUSY: {
    kind: 'conflict',
    when: 'another command is changing the same state directory',
    hint: 'wait until it has ended and run the command again',
  },
  SERVER_UNREACHABLE: {
    kind: 'unreachable',
    when: 'the server does not answer',
    hint: 'start it with `holotype serve`, or name it with --server or HOLOTYPE_SERVER',
  },
  SERVER_ANSWER: {
    kind: 'unreachable',
    when: 'the server answered something that this version does not understand',
    hint: 'run the same version on both sides, and check that the address is a Holotype server',
  },
  SERVER_ADDRESS: {
    kind: 'usage',
    when: "the server's address is no http or https URL",
    hint: 'an address looks like http://127.0.0.1:8440',
  },
  TOKEN_MISSING: {
    kind: 'trust',
    when: "a command that changes something finds no operator's token",
    hint: 'run it where `holotype serve` keeps its state, or name that directory with --home',
  },
  IMAGE_WITHOUT_INIT: {
    kind: 'input',
    when: 'the boot of an image is asked for that holds no init',
    hint: 'add an init to its packages, such as systemd-sysv, if it is to boot',
  },
  PERSON_UNKNOWN: {
    kind: 'input',
    when: 'a token is asked for somebody whom the distribution does not know',
    hint: 'add them to access/people.yaml, with their roles',
  },
  TOKEN_EXPOSED: {
    kind: 'trust',
    when: "the operator's token would cross a network in clear, or its file can be read by others",
    hint: 'use https for a server on another machine, and `chmod 600` for the file',
  },
  NAME_UNKNOWN: {
    kind: 'usage',
    when: 'an image, a diff or a snapshot is asked for by a name or a digest that this state directory does not know',
    hint: 'see `holotype image list`; images are made by `holotype image compose`, diffs by `holotype image diff`',
  },
  NAME_AMBIGUOUS: { kind: 'usage', when: 'a shortened digest fits more than one', hint: 'give more of its digits' },
  SPEC_MOVED: {
    kind: 'conflict',
    when: "an image's spec is to be changed, and is not what the image was composed from, or changed while it was looked at",
    hint: 'compose the image as the spec is now (`holotype image lock`, `holotype image compose`), and run the command again',
  },
  LOCK_MISSING: { kind: 'input', when: 'an image has no lock yet', hint: 'make one: `holotype image lock IMAGE`' },
  LOCK_OUTDATED: {
    kind: 'conflict',
    when: "an image's spec asks for, or excludes, other packages than its lock was made for",
    hint: 'make it anew: `holotype image lock IMAGE`',
  },
  IMAGE_NOT_REPRODUCED: {
    kind: 'corrupt',
    when: 'composing an image again in another store gives another digest',
    hint: 'the paths that differ are listed: find what wrote them; until then do not publish the image',
  },
  APPROVAL_MISSING: {
    kind: 'refused',
    when: "a rollout lacks the approvals that the distribution's policy demands",
    hint: 'look at it and approve it: `holotype image diff`, then `holotype image approve`',
  },
  ROLLOUT_NONE: { kind: 'usage', when: 'a channel has no rollout under way', hint: 'see `holotype rollout status`' },
  ROLLOUT_UNDER_WAY: {
    kind: 'refused',
    when: 'a channel has a rollout under way already',
    hint: 'finish it with `holotype rollout advance`, or end it with `holotype rollout stop`',
  },
  ROLLOUT_NOTHING_NEW: {
    kind: 'refused',
    when: 'a channel is at the image already',
    hint: 'compose a new image first',
  },
  GATE_WAITING: {
    kind: 'refused',
    when: "a wave's gate does not let it open yet",
    hint: 'wait for it with `holotype rollout advance --wait`, or see `holotype rollout status`',
  },
  GATE_FAILED: {
    kind: 'refused',
    when: "a wave's gate has failed: too many nodes of the waves before it did not converge",
    hint: 'see `holotype node list`; mend the nodes, or end it with `holotype rollout stop`',
  },
  SNAPSHOT_LOCKED: {
    kind: 'refused',
    when: 'the name of a snapshot is to be dropped while an image is locked from it',
    hint: 'lock the images that are named anew first',
  },
  SNAPSHOT_PINNED: {
    kind: 'refused',
    when: 'the name of a snapshot is to be dropped while holotype.yaml pins an upstream to it',
    hint: 'take the key `snapshot` out of the upstream, or pin another one, first',
  },
  SNAPSHOT_MISSING: {
    kind: 'input',
    when: 'an upstream is pinned to a snapshot that this machine does not have: snapshots do not travel with git',
    hint: 'lock on the machine that took it; or, if the upstream has not changed since, `holotype repo snapshot UPSTREAM` takes the same one; or pin another',
  },
  IMAGE_BOOT_CHECK: {
    kind: 'conflict',
    when: 'an exported disk does not boot, or a check inside it fails',
    hint: 'the verdict and the console of each boot lie beside the exports, below boot-checks/',
  },
  SNAPSHOT_UNFIT: {
    kind: 'input',
    when: 'an upstream is pinned to a snapshot of another upstream, format or architecture',
    hint: 'see `holotype repo list`, and pin one of that upstream',
  },
})
