import { isErrorCode } from '@holotype/base'
import type { PackageRecord } from '../types.ts'
import type { Header } from './header.ts'
import { recordOfHeader } from './record.ts'

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/
const PART = /^[A-Za-z0-9_.+~^]+$/

/** The record of a package file's header, its name and version checked. @throws what `complain` makes */
export function checkedRecord(header: Header, complain: (what: string, cause?: unknown) => Error): PackageRecord {
  for (const [tag, form] of [
    ['NAME', NAME],
    ['VERSION', PART],
    ['RELEASE', PART],
  ] as const)
    if (!form.test(header.string(tag)))
      throw complain(`the header's ${tag} is ${JSON.stringify(header.string(tag).slice(0, 200))}`)
  try {
    return recordOfHeader(header)
  } catch (error) {
    if (isErrorCode(error, 'RELATION_MALFORMED')) throw complain(`the header: ${error.message}`, error)
    throw error
  }
}
