import { renderPairs, renderTable } from '@holotype/base'
import type { PreparedFile } from '@holotype/trust'
import type { View } from './view.ts'

/** What a holder looks at before signing: who will sign for what, and the digest that must be the same on every machine. */
export function showPrepared(files: readonly PreparedFile[], { paint }: View): string {
  return files
    .map(({ path, version, expires, sha256, signedBy, roles }) => {
      const about = renderPairs(
        [
          ['file', path],
          ['version', `${version}, good until ${expires}`],
          ['sha256', sha256],
          ...(signedBy.length === 0 ? ['nobody yet'] : signedBy).map(
            (keyId, index) => [index === 0 ? 'signed by' : '', keyId] as const,
          ),
        ],
        paint,
      )
      const table = renderTable(
        [{ title: 'ROLE' }, { title: 'MUST SIGN' }, { title: 'KEY' }],
        roles.flatMap(({ role, threshold, keyids }) =>
          keyids.map((keyId, index) => [
            index === 0 ? role : '',
            index === 0 ? `${threshold} of ${keyids.length}` : '',
            keyId,
          ]),
        ),
        { paint },
      )
      return `${about}\n${table}`
    })
    .join('\n')
}
