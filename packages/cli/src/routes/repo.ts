import { command, group } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { one } from './positional.ts'

export const repoRoutes = group('Repositories: your own, and snapshots of those you build on', {
  list: command({
    load: () => import('../commands/repo/list.ts'),
    parameters: { flags: commonFlags },
    brief: 'List repositories and their snapshots',
  }),
  show: command({
    load: () => import('../commands/repo/show.ts'),
    parameters: { flags: commonFlags, positional: one('REPOSITORY', 'Its name') },
    brief: 'Show the packages of a repository',
  }),
  get: command({
    load: () => import('../commands/repo/get.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        image: { kind: 'parsed', parse: text, brief: 'The image it is or was locked in', placeholder: 'NAME' },
        output: {
          kind: 'parsed',
          parse: text,
          default: '.',
          brief: 'The directory it is copied to',
          placeholder: 'DIR',
        },
      },
      positional: one('PACKAGE', 'Its name, or NAME=VERSION'),
    },
    brief: 'Copy a package file out of the store: upstream keeps no past, a store does',
  }),
})
