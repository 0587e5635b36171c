import { numberParser } from '@stricli/core'
import { command } from '../command.ts'
import { commonFlags, text } from '../flags.ts'

export const serveCommand = command({
  load: () => import('../commands/serve/serve.ts'),
  parameters: {
    flags: {
      ...commonFlags,
      host: {
        kind: 'parsed',
        parse: text,
        default: '127.0.0.1',
        brief: 'The address to listen on',
        placeholder: 'ADDRESS',
      },
      port: { kind: 'parsed', parse: numberParser, default: '8440', brief: '0 takes any free one', placeholder: 'N' },
      database: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'PostgreSQL 14 or later, postgresql://… [an embedded one, kept in the state directory]',
        placeholder: 'URL',
      },
    },
  },
  brief: 'Run the server: API, console and published site',
})
