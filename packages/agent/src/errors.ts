import { defineErrors } from '@holotype/base'

/** The codes of `agent`. */
export const fail = defineErrors({
  AGENT_USAGE: {
    kind: 'usage',
    when: 'holotype-agent was called with arguments it does not know',
    hint: 'run `holotype-agent --help`',
  },
  AGENT_TOKEN_MALFORMED: {
    kind: 'input',
    when: 'an enrolment token does not have its form',
    hint: 'copy the whole token; `holotype node token` makes a new one',
  },
  AGENT_NOT_ENROLLED: {
    kind: 'input',
    when: 'the state directory holds no configuration',
    hint: 'run `holotype-agent enrol` first, or name the right --state',
  },
  AGENT_ALREADY_ENROLLED: {
    kind: 'conflict',
    when: 'enrol finds a state directory that belongs to a node already',
    hint: 'use another --state, or remove this one to enrol anew',
  },
  AGENT_STATE_MALFORMED: {
    kind: 'corrupt',
    when: 'a file of the state directory does not parse',
    hint: 'config.json and key.pem come from enrolment: restore them or enrol anew; every other file may be deleted',
  },
  AGENT_ROOT_PIN: {
    kind: 'trust',
    when: 'no mirror of the site serves the root file that the enrolment token names, and one serves another',
    hint: 'check the --site address, and get the token again by a way you trust',
  },
  AGENT_BUSY: {
    kind: 'conflict',
    when: 'another run works in the same state directory',
    hint: 'wait for it to end; the process is named above',
  },
  AGENT_SITE_UNREACHABLE: {
    kind: 'unreachable',
    when: 'no mirror of the site gave a file',
    hint: 'check the network and the site addresses in config.json; the next run goes on where this one ended',
  },
  AGENT_SERVER_UNREACHABLE: {
    kind: 'unreachable',
    when: 'the server gave no answer',
    hint: 'check the network and the server address; syncing does not need the server, enrolling does',
  },
  AGENT_SERVER_REFUSED: {
    kind: 'refused',
    when: 'the server answered a request with an error',
    hint: 'its words are above; a token is good once and for a limited time',
  },
  AGENT_OBJECT_MISSING: {
    kind: 'corrupt',
    when: 'no pack of the channel statement holds an object that the image needs',
    hint: 'publish the image again: `holotype image publish`',
  },
  AGENT_OBJECT_CORRUPT: {
    kind: 'corrupt',
    when: 'every mirror served bytes that are not what their digest says',
    hint: 'nothing of it was used; check the mirrors, or the network between',
  },
  AGENT_OBJECT_MALFORMED: {
    kind: 'corrupt',
    when: 'a manifest, tree or pack index has the right digest but not the form this agent knows',
    hint: 'update the agent, or publish the image again',
  },
  AGENT_STATEMENT_OLD: {
    kind: 'trust',
    when: 'a channel statement has a lower number than one this node has obeyed',
    hint: 'a mirror serves the past; to go back to an older image publish a new, higher-numbered statement that names it',
  },
  AGENT_OVERRIDES_MALFORMED: {
    kind: 'input',
    when: 'a line of the overrides of this node is not `keep GLOB REASON`',
    hint: 'correct the file at the line and column named: nothing is changed on this node until then',
  },
  AGENT_NOT_SYNCED: {
    kind: 'input',
    when: 'verify is asked for on a node that is at no image yet, or keeps not all of its directories',
    hint: 'run `holotype-agent run --once` first',
  },
  AGENT_BLOCKED: {
    kind: 'conflict',
    when: 'the image wants a path whose place is taken by something that must not be touched: an exclusion or another mount',
    hint: 'move what is there away, or change the exclusions of the image; everything else has been brought to the image',
  },
  AGENT_NOT_IN_IMAGE: {
    kind: 'conflict',
    when: 'the image has no agent, and would remove the one that runs: the node would stay at it for ever. Nothing was changed',
    hint: 'add the package holotype-agent to the image spec, or exclude the path named; to take the node out of the fleet, its root as it is: `systemctl disable --now holotype-agent.timer`, and remove its state directory',
  },
  AGENT_XATTRS_LEFT: {
    kind: 'conflict',
    when: 'extended attributes of a directory are not as the image has them, and could not be made so',
    hint: 'add the package attr (setfattr) to the image spec where that is missing; everything else has been brought to the image, and each run tries again',
  },
  AGENT_ROOT_CHANGED: {
    kind: 'conflict',
    when: 'a directory of the root was exchanged by somebody else while the agent wrote into it',
    hint: 'run again; if it repeats, find out who changes the path named',
  },
  AGENT_IO: {
    kind: 'corrupt',
    when: 'the disk does not take or give bytes: the kernel says input/output error',
    hint: 'look at the kernel log (dmesg) and the disk; nothing half-written has a final name, the next run goes on',
  },
  AGENT_NOT_PERMITTED: {
    kind: 'refused',
    when: 'the system does not allow a change that the image needs',
    hint: 'run the agent as root; look for immutable files (lsattr) and read-only mounts at the path named',
  },
  AGENT_HEALTH_FAILED: {
    kind: 'conflict',
    when: 'a health check of the image did not pass within its grace time on a node that came to it',
    hint: 'mend the image and start a rollout of it; this node tries the same image again at a new statement or after `holotype-agent release`',
  },
  AGENT_ROLLED_BACK: {
    kind: 'conflict',
    when: 'an operator took the node back to the image before',
    hint: 'the node is held there until `holotype-agent release`',
  },
  AGENT_ROOTS: {
    kind: 'usage',
    when: 'the two roots of a node are not where they are configured, or one cannot be replaced by the other',
    hint: 'mount both where the configuration names them; the state directory and the link lie in neither, or are mounted there',
  },
  AGENT_ACTIVATE_FAILED: {
    kind: 'conflict',
    when: 'the activation command of a node with two roots ended with an error',
    hint: 'its words are above; the link leads where it led, and the next run tries again',
  },
  AGENT_ROOT_NOT_STARTED: {
    kind: 'conflict',
    when: 'a node with two roots was started since the other one was to start, and runs the old one',
    hint: 'look for what the boot loader and the kernel of the other root said; this node tries the image again at a new statement or after `holotype-agent release`',
  },
  AGENT_SELF_TEST: {
    kind: 'internal',
    when: 'the executable cannot do on this machine what a run needs',
    hint: 'where packages installed it, the one it replaced runs in its place; start a rollout of an image with another agent',
  },
  AGENT_NO_PREVIOUS: {
    kind: 'input',
    when: 'a rollback is asked of a node that has been at no other image, went back already, or does not keep all of the one before',
    hint: 'to bring nodes to an older image publish a new statement that names it',
  },
})
