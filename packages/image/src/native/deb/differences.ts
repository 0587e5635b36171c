import { SCRUBBED } from '../../compose/scrub.ts'
import { SCRUBBED_DEB } from './scrubbed.ts'

/** How two contents may differ and count as equal. */
export type Tolerance =
  | 'all of it'
  | 'order of lines'
  | 'spaces at line ends'
  | 'numbers of accounts'
  | 'day of the last password change'
  | 'times of members'

/** A way in which an image of .debs is not what apt leaves, on purpose. */
export interface DeliberateDifference {
  /** Globs of absolute paths. */
  readonly paths: readonly string[]
  /** `missing` in the image, `added` by it, or what a content may differ in. */
  readonly what: 'missing' | 'added' | Tolerance
  readonly why: string
}

/**
 * Every way in which an image differs from what apt installs from the same packages, besides what {@link LEFT_OUT} names. `test/equal.test.ts` holds ten
 * locks against apt: what is not listed fails it, and so does what is listed without need.
 */
export const DELIBERATE_DIFFERENCES: readonly DeliberateDifference[] = [
  {
    paths: ['/dev/**', '/proc/**', '/sys/**', '/run/**', '/tmp/**'],
    what: 'missing',
    why: 'mount points of the running system are empty',
  },
  {
    paths: [
      ...['/etc/apt/sources.list', '/etc/apt/preferences.d', '/etc/apt/sources.list.d'],
      ...['/etc/hostname', '/etc/resolv.conf', '/etc/fstab'],
    ],
    what: 'missing',
    why: 'written by the installing tool and by no package',
  },
  {
    paths: ['/var/lib/apt', '/var/lib/apt/**', '/var/cache/apt', '/var/cache/apt/**', '/var/log/apt'],
    what: 'missing',
    why: "apt's own records of a run: what it downloaded, what it chose by itself",
  },
  {
    paths: ['/etc/machine-id'],
    what: 'all of it',
    why: 'empty: the first boot of a node writes its own (machine-id(5))',
  },
  {
    paths: ['/etc/machine-id'],
    what: 'added',
    why: 'empty, also where no package makes one',
  },
  {
    paths: ['/var/lib/dpkg/info/*.list', '/var/lib/dpkg/triggers/*'],
    what: 'order of lines',
    why: 'sorted, where dpkg writes the order of the archive or of the moment',
  },
  {
    paths: ['/var/lib/dpkg/status'],
    what: 'spaces at line ends',
    why: 'dropped when the control file is read',
  },
  {
    paths: ['/etc/passwd', '/etc/group', '/etc/gshadow', '/etc/shadow'],
    what: 'numbers of accounts',
    why: 'accounts without a number of their own get the next free one in the order of configuring, which apt and dpkg choose differently',
  },
  {
    paths: ['/etc/shadow'],
    what: 'day of the last password change',
    why: 'emptied, so that not every image changes a file that holds password hashes',
  },
  {
    paths: ['/boot/initrd.img-*'],
    what: 'times of members',
    why: 'directories have the times of their packages, which an initrd copies, and not that of unpacking',
  },
  {
    paths: ['/var/cache/fontconfig/*.cache-*'],
    what: 'added',
    why: 'valid for the times that the directories of fonts have here; beside directories newer than SOURCE_DATE_EPOCH fc-cache removes its own',
  },
  {
    paths: ['/var/log/fontconfig.log'],
    what: 'all of it',
    why: 'names the caches that fc-cache removed',
  },
]

/** What is scrubbed: each is missing in an image. */
export const LEFT_OUT: readonly DeliberateDifference[] = [...SCRUBBED, ...SCRUBBED_DEB].map(({ path, why }) => ({
  paths: [path],
  what: 'missing',
  why,
}))
