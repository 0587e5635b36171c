import type { FileFacts } from '../../types.ts'
import { modeString } from '../file-facts.ts'

/** A member of a container. */
interface Listed {
  readonly type: FileFacts['type']
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly path: string
  readonly link?: string | undefined
}

/** A member as `ls -ln` has it but for size and time: those follow from the content, and time is no difference. */
export function listingLine({ type, mode, uid, gid, path, link }: Listed): string {
  return `${modeString({ type, mode })} ${uid}:${gid} ${path}${link === undefined ? '' : ` -> ${link}`}`
}
