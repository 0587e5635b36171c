import type { PackageRecord, Relation } from '@holotype/formats'
import type { Candidate } from '../lock.ts'
import { candidate } from './packages.ts'

/** `foo`, `foo >= 1`, `!foo`; what follows `with` and `without` on the same package. */
export function relation(text: string): Relation {
  const [first = '', ...more] = text.split(/ (?=with |without )/)
  const [, negated, name = '', operator, version] = /^(!?)(\S+?)(?:\s*(<=|>=|<|>|=)\s*(\S+))?$/.exec(first.trim()) ?? []
  const besides = (word: string) =>
    more.filter((one) => one.startsWith(`${word} `)).map((one) => relation(one.slice(word.length + 1)))
  const [all, none] = [besides('with'), besides('without')]
  return {
    name,
    ...(operator === undefined || version === undefined ? {} : { operator, version }),
    ...(negated === '!' ? { negated: true } : {}),
    ...(all.length > 0 ? { with: all } : {}),
    ...(none.length > 0 ? { without: none } : {}),
  }
}

const split = (text = '', by = ',') => text.split(by).flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))
const flat = (text?: string) => split(text).map(relation)
const groups = (text?: string) => split(text).map((group) => split(group, '|').map(relation))

/** What a test says of a package; relations as {@link relation} reads them, alternatives parted by `|`. */
export interface Words {
  readonly depends?: string
  readonly recommends?: string
  readonly supplements?: string
  readonly provides?: string
  readonly conflicts?: string
  readonly obsoletes?: string
  readonly groups?: string
  readonly files?: string
  readonly shlibRequires?: string
  readonly shlibProvides?: string
  readonly architecture?: string
  readonly from?: string
  readonly priority?: number
}

/** A candidate of any format: `item('bash 5.2-1', { depends: 'glibc >= 2.3' })`. */
export function item(nameAndVersion: string, words: Words = {}): Candidate {
  const plain = candidate(nameAndVersion, {
    architecture: words.architecture ?? 'x86_64',
    ...(words.from === undefined ? {} : { from: words.from }),
    ...(words.priority === undefined ? {} : { sourcePriority: words.priority }),
  })
  const record: PackageRecord = {
    ...plain.record,
    depends: groups(words.depends),
    recommends: groups(words.recommends),
    provides: flat(words.provides),
    conflicts: flat(words.conflicts),
    ...(words.supplements === undefined ? {} : { supplements: groups(words.supplements) }),
    ...(words.obsoletes === undefined ? {} : { obsoletes: flat(words.obsoletes) }),
    ...(words.groups === undefined ? {} : { groups: split(words.groups) }),
    ...(words.files === undefined ? {} : { files: split(words.files) }),
    ...(words.shlibRequires === undefined ? {} : { shlibRequires: split(words.shlibRequires) }),
    ...(words.shlibProvides === undefined ? {} : { shlibProvides: split(words.shlibProvides) }),
  }
  return { ...plain, record }
}
