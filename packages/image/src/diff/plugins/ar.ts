import { MEMBERS_READ } from '../limits.ts'
import type { Member, Plugin } from './types.ts'

const MAGIC = '!<arch>\n'
const HEADER_BYTES = 60

/** ar(5) archives: static libraries and .deb files, in GNU's and BSD's form of long names. */
export const ar: Plugin = {
  name: 'ar',
  wants: (_path, head) => head.toString('latin1', 0, 8) === MAGIC,
  describe(bytes) {
    const members: Member[] = []
    const listing: string[] = []
    let longNames = ''
    for (let at = MAGIC.length; at + HEADER_BYTES <= bytes.length; ) {
      const header = bytes.toString('latin1', at, at + HEADER_BYTES)
      if (!header.endsWith('`\n')) throw new Error('a member has no header')
      const size = Number.parseInt(header.slice(48, 58), 10)
      const begin = at + HEADER_BYTES
      if (!(size >= 0) || begin + size > bytes.length) throw new Error('a member is cut short')
      const content = bytes.subarray(begin, begin + size)
      const name = header.slice(0, 16).trimEnd()
      at = begin + size + (size % 2)
      if (name === '//') longNames = content.toString('latin1')
      else if (name !== '/' && name !== '/SYM64/' && name !== '__.SYMDEF') {
        if (members.length === MEMBERS_READ) throw new Error('too many members')
        const member = memberOf(name, content, longNames)
        members.push(member)
        const [owner, group, mode] = [header.slice(28, 34), header.slice(34, 40), header.slice(40, 48)].map((field) =>
          field.trim(),
        )
        listing.push(`${mode} ${owner}:${group} ${member.path}`)
      }
    }
    return { facts: { listing }, members }
  },
}

function memberOf(name: string, content: Buffer, longNames: string): Member {
  const bsd = /^#1\/(\d+)$/.exec(name)
  if (bsd) {
    const length = Number(bsd[1])
    return {
      path: content.toString('latin1', 0, length).replace(/\0+$/, ''),
      bytes: () => content.subarray(length),
    }
  }
  const gnu = /^\/(\d+)$/.exec(name)
  const path = gnu ? (longNames.slice(Number(gnu[1])).split('/\n', 1)[0] ?? '') : name.replace(/\/$/, '')
  return { path, bytes: () => content }
}
