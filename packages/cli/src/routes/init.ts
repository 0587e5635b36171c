import { command } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { maybe } from './positional.ts'

export const initCommand = command({
  load: () => import('../commands/init/init.ts'),
  parameters: {
    flags: {
      ...commonFlags,
      name: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: "The distribution's name [the directory's]",
        placeholder: 'NAME',
      },
    },
    positional: maybe('DIRECTORY', 'Where; it is made when missing [the working directory]'),
  },
  brief: 'Start a distribution: a small one that is valid',
})
