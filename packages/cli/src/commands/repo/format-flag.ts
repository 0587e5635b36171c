import type { FormatName } from '@holotype/formats'

/** Which of our own repositories is meant: there is one for each format. */
export type FormatFlags = { readonly format?: FormatName }

export const formatFlag = {
  format: {
    kind: 'enum',
    values: ['deb', 'alpm', 'rpm', 'xbps'],
    optional: true,
    brief: "Which format's repository [that of the upstreams]",
  },
} as const
