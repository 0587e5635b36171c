import { compressionOf } from '../archive/sniff.ts'
import type { RepositoryHead, UpstreamReader } from '../upstream-reader.ts'

/**
 * Repositories of others, `suite` being the repository's name. The base is what `Server =` comes to once `$repo` and `$arch` are put in. The
 * database is the top and the index in one; its detached signature is checked where there is one (SigLevel DatabaseOptional, the default).
 */
export const upstream: UpstreamReader = {
  top: ({ suite }) => ({
    path: `${suite}.db`,
    signed: 'detached',
    signature: `${suite}.db.sig`,
    signatureOptional: true,
  }),
  parseTop: (_bytes, { suite, architecture }): RepositoryHead => ({
    origin: '',
    label: '',
    suite,
    codename: '',
    date: '',
    architectures: [architecture],
    components: [],
    indexes: [],
  }),
  indexes: () => [],
  compressionOf,
}
