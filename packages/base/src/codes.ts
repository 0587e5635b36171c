import { defineErrors } from './errors.ts'

/** The codes of `base`. */
export const fail = defineErrors({
  PROCESS_NOT_FOUND: {
    kind: 'input',
    when: 'a program that is needed is not installed',
    hint: 'run `make setup`, which names the Debian package',
  },
  PROCESS_FAILED: { kind: 'internal', when: 'a child process ended with an error', hint: 'its last lines are above' },
  PROCESS_TIMEOUT: {
    kind: 'resource',
    when: 'a child process ran past its time limit and was ended',
    hint: 'see what it waited for; run it by hand',
  },
  PROCESS_ABORTED: { kind: 'refused', when: 'a child process was told to stop', hint: 'run the command again' },
  PROCESS_OUTPUT_LIMIT: {
    kind: 'resource',
    when: 'a child process printed more than its limit',
    hint: 'its input is probably not what it expects',
  },
  YAML_SYNTAX: { kind: 'input', when: 'a YAML file does not parse', hint: 'mend the file at the line shown' },
  YAML_SCHEMA: {
    kind: 'input',
    when: 'a YAML file has an unknown key, a missing key or a value of the wrong form',
    hint: 'mend the file at the line shown',
  },
  FILE_UNREADABLE: {
    kind: 'input',
    when: 'a file that is needed is missing or cannot be read',
    hint: 'check the path and its permissions',
  },
  DISK_FULL: {
    kind: 'resource',
    when: 'there is no room left where Holotype writes',
    hint: 'free some space and run the command again: nothing half-written was published',
  },
})
