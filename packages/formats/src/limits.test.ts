import { isErrorCode } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { decompress } from './archive/decompress.ts'
import { xz } from './archive/xz.ts'
import { parseContents } from './deb/contents.ts'
import { parseHead } from './deb/release.ts'
import { parseSources } from './deb/sources.ts'
import { parseTranslation } from './deb/translation.ts'
import { formats } from './formats.ts'
import { HEAD_BYTES, INDEX_BYTES } from './limits.ts'
import { parseFileIndex } from './rpm/filelists.ts'
import { parseChangelogs } from './rpm/other.ts'
import { parseRepomd } from './rpm/repomd.ts'
import { parseUpdateinfo } from './rpm/updateinfo.ts'

/* What is over a limit is refused before it is looked at, by an error that has the limit's name. The zeros are never touched, and cost no memory. */

const over = (limit: number) => new Uint8Array(limit + 1)

const indexes: [what: string, read: (bytes: Uint8Array) => unknown][] = [
  ...Object.values(formats).flatMap(({ name, parseIndex, openIndex, packagesOf }) =>
    [
      [`${name}: parseIndex`, parseIndex] as const,
      [`${name}: openIndex`, openIndex] as const,
      [`${name}: packagesOf`, packagesOf && ((bytes: Uint8Array) => [...packagesOf(bytes)])] as const,
    ].flatMap(([what, read]): [string, (bytes: Uint8Array) => unknown][] => (read ? [[what, read]] : [])),
  ),
  ['deb: Sources', parseSources],
  ['deb: Contents', (bytes) => [...parseContents(bytes)]],
  ['deb: Translation', (bytes) => parseTranslation(bytes, 'en')],
  ['rpm: filelists', (bytes) => parseFileIndex(bytes, new Set(['/a']))],
  ['rpm: other', (bytes) => parseChangelogs(bytes)],
  ['rpm: updateinfo', parseUpdateinfo],
]

function errorOf(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return error
  }
}

describe('an index over its limit', () => {
  test.each(indexes)('%s names INDEX_BYTES', (_, read) => {
    const error = errorOf(() => read(over(INDEX_BYTES)))
    expect(error).toMatchObject({ code: 'REPOSITORY_MALFORMED', message: expect.stringContaining('INDEX_BYTES') })
  })

  test.each<[string, (bytes: Uint8Array) => unknown]>([
    ['repomd.xml', (bytes) => parseRepomd(bytes)],
    ['Release', (bytes) => parseHead(Buffer.from(bytes).toString('latin1'))],
  ])('%s names HEAD_BYTES', (_, read) => {
    const error = errorOf(() => read(over(HEAD_BYTES)))
    expect(error).toMatchObject({ code: 'REPOSITORY_MALFORMED', message: expect.stringContaining('HEAD_BYTES') })
  })
})

test('what unpacks past its limit says by which name it has it', async () => {
  const packed = await xz(Buffer.alloc(1000))
  const source = async function* () {
    yield packed
  }
  const unpack = async () => {
    const options = { compression: 'xz', limit: 999, limitName: 'SOME_BYTES', what: 'the zeros' } as const
    for await (const chunk of decompress(source(), options)) if (chunk.length > 999) throw new Error('past its limit')
  }
  const error = await unpack().catch((caught: unknown) => caught)
  expect(isErrorCode(error, 'PACKAGE_TOO_LARGE')).toBe(true)
  expect(String(error)).toContain('the zeros unpacks to more than SOME_BYTES, 999 bytes')
})
