import { fail } from '../errors.ts'
import type { RepositoryHead, UpstreamPlace, UpstreamReader } from '../upstream-reader.ts'
import { compressionOf } from '../archive/sniff.ts'
import { isArchitecture } from './pkgver.ts'

/**
 * Repositories of xbps: the top is the index, `ARCH-repodata`. xbps signs packages alone, each by its `.sig2`, so a repository of others has no
 * signature here; ours has one beside the index.
 */
export const upstream: UpstreamReader = {
  top({ architecture }) {
    if (!isArchitecture(architecture))
      throw fail('REPOSITORY_MALFORMED', { what: `"${architecture}" is no architecture of xbps` })
    const path = `${architecture}-repodata`
    return { path, signed: 'detached', signature: `${path}.sig`, signatureOptional: true }
  },
  parseTop: (bytes, place) => headOf(bytes, place),
  indexes: () => [],
  compressionOf,
}

/** The repodata names neither its origin nor its time. */
function headOf(bytes: Uint8Array, { architecture }: UpstreamPlace): RepositoryHead {
  if (bytes.length === 0) throw fail('REPOSITORY_MALFORMED', { what: `the ${architecture}-repodata is empty` })
  return {
    origin: '',
    label: '',
    suite: '',
    codename: '',
    date: '',
    architectures: [architecture],
    components: [],
    indexes: [],
  }
}
