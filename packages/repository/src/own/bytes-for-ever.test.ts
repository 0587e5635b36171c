import { join } from 'node:path'
import { type FormatName, formats } from '@holotype/formats'
import { createKeyring } from '@holotype/trust'
import { expect, it } from 'vitest'
import { testFolder } from '../testing/folder.ts'
import { ownRepository } from '../testing/own.ts'
import { writeSmall } from '../testing/packages.ts'
import { THEN } from '../testing/upstream.ts'
import { ingest } from './ingest.ts'
import { withdraw } from './withdraw.ts'

const folder = testFolder()
const taken = { code: 'REPOSITORY_VERSION_TAKEN' }

/** `hello` in this version, and how the format spells that. */
interface Sample {
  readonly format: FormatName
  spell(version: string): string
  write(version: string, content: string): Promise<string>
}

function sample(format: Exclude<FormatName, 'xbps'>): Sample {
  return {
    format,
    spell: (version) => `${version}-1`,
    write: (version, content) => writeSmall(join(folder, 'built'), format, { name: 'hello', version, content }),
  }
}

const xbps: Sample = {
  format: 'xbps',
  spell: (version) => `${version}_1`,
  async write(version, content) {
    const path = join(folder, `hello-${version}_1.x86_64-${content}.xbps`)
    const bytes = Buffer.from(content)
    const entry = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: THEN, size: bytes.length, bytes } as const
    const fields = [
      ['pkgver', `hello-${version}_1`],
      ['architecture', 'x86_64'],
      ['short_desc', 'the package hello'],
    ] as const
    const payload = [{ path: 'usr/share/hello', ...entry }]
    await formats.xbps.writePackage(path, { fields, control: new Map(), payload, epoch: THEN })
    return path
  },
}

it.each([sample('deb'), sample('alpm'), sample('rpm'), xbps])(
  '$format: a version keeps its bytes while it is listed, under a newer one, and withdrawn',
  async ({ format, spell, write }) => {
    const place = join(folder, format)
    await createKeyring(join(place, 'keys'), { now: new Date((THEN - 60) * 1000) })
    const own = await ownRepository(place, 'acme', format)
    const [first, other] = [await write('1.0', 'first'), await write('1.0', 'another')]
    expect(await ingest(own, first)).toMatchObject({ added: true, record: { name: 'hello', version: spell('1.0') } })
    await expect(ingest(own, other)).rejects.toMatchObject(taken)
    // The same version to every client of this format, spelled otherwise.
    await expect(ingest(own, await write(format === 'deb' ? '1.00' : '01.0', 'spelled'))).rejects.toMatchObject(taken)
    await ingest(own, await write('2.0', 'newer'))
    await expect(ingest(own, other)).rejects.toMatchObject(taken)
    expect(await withdraw(own, { name: 'hello', version: spell('2.0'), now: THEN })).toHaveLength(1)
    await expect(ingest(own, await write('2.0', 'not the newer'))).rejects.toMatchObject(taken)
    expect(await ingest(own, first)).toMatchObject({ record: { version: spell('1.0') } })
  },
)
