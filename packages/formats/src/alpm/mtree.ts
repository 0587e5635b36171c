import type { ContentDigests, DigestedMember } from '../archive/content.ts'
import type { PayloadToWrite } from '../types.ts'

/**
 * The text of .MTREE (mtree(5)) that lists a package's members, as bsdtar writes it for makepkg: `pacman -Qkk` holds the installed files
 * against it. Keywords are type, uid, gid, mode, time, size, md5digest, sha256digest, link.
 */
export function renderMtree(members: Iterable<DigestedMember>): string {
  const lines = ['#mtree', '/set type=file uid=0 gid=0 mode=644']
  const files = new Map<string, string>()
  for (const { member, digests } of members) {
    // The root is no member of a package to pacman.
    if (member.path === '') continue
    const content = contentOf(member, { digests, files })
    if (member.type === 'file') files.set(member.path, content)
    lines.push(`./${quote(member.path)} time=${member.mtime}.0${ownership(member)}${content}`)
  }
  return `${lines.join('\n')}\n`
}

function ownership({ uid, gid, mode }: PayloadToWrite): string {
  return `${mode === 0o644 ? '' : ` mode=${mode.toString(8)}`}${uid === 0 ? '' : ` uid=${uid}`}${gid === 0 ? '' : ` gid=${gid}`}`
}

function contentOf(
  member: PayloadToWrite,
  { digests, files }: { readonly digests: ContentDigests | undefined; readonly files: ReadonlyMap<string, string> },
): string {
  switch (member.type) {
    case 'file':
      // pacman before 6.1 looks at the MD5 alone.
      return ` size=${member.size} md5digest=${digests?.md5 ?? ''} sha256digest=${digests?.sha256 ?? ''}`
    case 'hardlink':
      return files.get(member.target ?? '') ?? ''
    case 'symlink':
      return ` type=link link=${quote(member.target ?? '')}`
    case 'directory':
      return ' type=dir'
    case 'character':
      return ' type=char'
    default:
      return ` type=${member.type}`
  }
}

const BACKSLASH = 92
const HASH = 35

/** Everything but printing ASCII as `\ooo` (vis(3), octal form); so the space, the backslash, and `#`, which would begin a comment. */
function quote(text: string): string {
  if (/^[!-"$-[\]-~]*$/.test(text)) return text
  let out = ''
  for (const byte of Buffer.from(text))
    out +=
      byte > 32 && byte < 127 && byte !== BACKSLASH && byte !== HASH
        ? String.fromCharCode(byte)
        : `\\${byte.toString(8).padStart(3, '0')}`
  return out
}
