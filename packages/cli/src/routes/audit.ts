import { numberParser } from '@stricli/core'
import { command, group } from '../command.ts'
import { commonFlags } from '../flags.ts'

export const auditRoutes = group('Records of decisions', {
  log: command({
    load: () => import('../commands/audit/log.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        limit: {
          kind: 'parsed',
          parse: numberParser,
          default: '50',
          brief: 'How many records are listed at most',
          placeholder: 'N',
        },
      },
    },
    brief: 'List who decided what, when and why, newest first',
  }),
})
