import { command, group } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { one } from './positional.ts'

const keys = group('The keys that sign', {
  create: command({
    load: () => import('../commands/admin/keys-create.ts'),
    parameters: { flags: commonFlags },
    brief: "Make the distribution's keys, and the site's first trust metadata",
  }),
  list: command({
    load: () => import('../commands/admin/keys-list.ts'),
    parameters: { flags: commonFlags },
    brief: 'List keys: role, threshold, expiry',
  }),
  new: command({
    load: () => import('../commands/admin/keys-new.ts'),
    parameters: { flags: commonFlags, positional: one('FILE', 'The private key; FILE.pub is its public half') },
    brief: 'Make a key that a person holds',
  }),
  rotate: command({
    load: () => import('../commands/admin/keys-rotate.ts'),
    parameters: { flags: commonFlags, positional: one('ROLE', 'Whose key') },
    brief: 'Replace a key',
  }),
  revoke: command({
    load: () => import('../commands/admin/keys-revoke.ts'),
    parameters: { flags: commonFlags, positional: one('KEY', 'The key id, as `admin keys list` shows it') },
    brief: 'Replace a key that is here, or remove one that is held elsewhere',
  }),
})

const many = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: text, optional: true, variadic: true, placeholder, brief }) as const
const maybeFile = (brief: string) =>
  ({ kind: 'parsed', parse: text, optional: true, placeholder: 'FILE', brief }) as const
const change = one('DIR', 'The directory of the change')

const trust = group('Change who signs, where several people must agree; keep signatures fresh', {
  prepare: command({
    load: () => import('../commands/admin/trust-prepare.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        add: many('ROLE=FILE', 'A public key that may sign for a role'),
        remove: many('ROLE=KEY', 'A key, by its id, that may no longer sign for a role'),
        threshold: many('ROLE=N', 'How many keys must sign for a role'),
        rotate: many('ROLE', 'A role whose key here is replaced by a new one'),
        channel: many('NAME', 'A channel to add, signed for by a key that is here'),
      },
      positional: one('DIR', 'An empty directory, or a new one'),
    },
    brief: 'Write the next root file, and the next targets file where it changes, to be signed',
  }),
  show: command({
    load: () => import('../commands/admin/trust-show.ts'),
    parameters: { flags: commonFlags, positional: change },
    brief: 'What a prepared change says and who has signed it',
  }),
  sign: command({
    load: () => import('../commands/admin/trust-sign.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        key: maybeFile('The private key to sign with'),
        signer: maybeFile('A program that signs instead: the key id is its argument, the bytes its standard input'),
        public: maybeFile("The public half of the program's key"),
      },
      positional: change,
    },
    brief: 'Sign a prepared change; needs no distribution',
  }),
  publish: command({
    load: () => import('../commands/admin/trust-publish.ts'),
    parameters: { flags: commonFlags, positional: change },
    brief: 'Publish a change that enough have signed',
  }),
  refresh: command({
    load: () => import('../commands/admin/trust-refresh.ts'),
    parameters: { flags: commonFlags },
    brief: 'Sign anew what would expire, the timestamp always: for a daily timer',
  }),
})

export const adminRoutes = group('Keys and other things that are seldom touched', {
  keys,
  trust,
  reviewer: command({
    load: () => import('../commands/admin/reviewer.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        validFor: { kind: 'parsed', parse: text, default: '90d', brief: 'How long it is good', placeholder: 'TIME' },
      },
      positional: one('PERSON', 'As access/people.yaml names them'),
    },
    brief: "Make a reviewer's own token: what proves their roles",
  }),
})
