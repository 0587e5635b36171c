import { command } from '../command.ts'
import { commonFlags } from '../flags.ts'
import { one } from './positional.ts'

export const searchCommand = command({
  load: () => import('../commands/search/search.ts'),
  parameters: { flags: commonFlags, positional: one('QUERY', 'A name, file:/usr/bin/x, or provides:libssl.so.3') },
  brief: 'Find packages by name, file, or what they provide',
})
