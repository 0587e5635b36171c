import type { FlagParametersForType } from '@stricli/core'
import type { Launch } from './launch.ts'

/** The flags that every command takes. A type and no interface: flags are records to the library. */
export type CommonFlags = {
  readonly directory?: string
  readonly home?: string
  readonly server?: string
  readonly json: boolean
  readonly color?: boolean
  readonly quiet: boolean
}

/** A text as it was given. */
export const text = (input: string): string => input

export const commonFlags: FlagParametersForType<CommonFlags, Launch> = {
  directory: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'The distribution [the nearest directory upwards with a holotype.yaml]',
    placeholder: 'DIR',
  },
  home: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'The state directory [.holotype in the distribution]',
    placeholder: 'DIR',
  },
  server: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'The server [the one that runs on the state directory, else http://127.0.0.1:8440]',
    placeholder: 'URL',
  },
  json: {
    kind: 'boolean',
    default: false,
    withNegated: false,
    brief: 'The result as JSON, progress as JSON Lines on stderr',
  },
  color: { kind: 'boolean', optional: true, brief: 'Colours [on a terminal, unless NO_COLOR is set]' },
  quiet: { kind: 'boolean', default: false, withNegated: false, brief: 'No progress' },
}
