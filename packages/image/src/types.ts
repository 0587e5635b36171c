import type { Digest } from '@holotype/base'
import type { FormatName } from '@holotype/formats'
import type { TreeStats } from '@holotype/store'

/** What an agent runs when paths changed. */
export interface ImageTrigger {
  readonly name: string
  /** Globs of absolute paths: `*` within a part, `**` over parts. */
  readonly paths: readonly string[]
  /** Argument vector, run in the node's root. */
  readonly run: readonly string[]
  readonly when: 'before' | 'after'
  /** Seconds. */
  readonly timeout: number
}

/** What must hold on a node after it came to the image. Times in seconds. */
export interface HealthChecks {
  /** systemd units that must be active. */
  readonly units: readonly string[]
  /** `tcp/443`, `udp/53`: ports that something must listen on. */
  readonly ports: readonly string[]
  /** Programs of the root that must end with 0. */
  readonly commands: readonly { readonly run: readonly string[]; readonly timeout: number }[]
  /** Addresses that must answer with a status. */
  readonly http: readonly { readonly url: string; readonly status: number; readonly timeout: number }[]
  /** How long they may fail before they have failed. */
  readonly grace: number
}

/** How a node spares what else it does while its agent works. What is not said is as the agent has it: no rates, and 10 % for each pressure. */
export interface ThrottleSettings {
  /** Bytes a second from the network. */
  readonly network?: number | undefined
  /** Bytes a second read from and written to files. */
  readonly disk?: number | undefined
  /** Percent of the time in which others may stand still for want of it, before the agent slows down. 100: it never does. */
  readonly pressure?:
    | { readonly cpu?: number | undefined; readonly io?: number | undefined; readonly memory?: number | undefined }
    | undefined
}

/** A composed image, an object: what the channel statement names and the agent ends in. */
export interface ImageManifest {
  readonly schema: 'holotype.image/1'
  readonly name: string
  readonly format: FormatName
  readonly architecture: string
  /** The root directory: itself a directory entry's metadata plus its tree. */
  readonly root: {
    readonly tree: Digest
    readonly mode: number
    readonly uid: number
    readonly gid: number
    readonly mtime: number
  }
  readonly stats: TreeStats
  /** The lock, as an object (canonical JSON). */
  readonly lock: Digest
  /** The image spec with its files, as an object (canonical JSON). */
  readonly spec: Digest
  /** The installed packages, sorted, as an object: `PackageSetEntry[]`. The baseline of nodes on this image. */
  readonly packages: Digest
  /** Who owns each path, as an object: `{ [owner]: paths[] }`; an owner is `package:NAME`, `spec` or `step:NAME`. */
  readonly owners: Digest
  /**
   * The files that have several names, as an object: sorted groups of sorted paths (`/usr/bin/perl`, `/usr/bin/perl5.36.0`), each one inode.
   * In the tree every name is a file with equal metadata and digest. Absent: no file has a second name.
   */
  readonly hardlinks?: Digest
  /** What starts at boot and in which order, as an object: `BootOrder`. Absent: the image holds no init. */
  readonly boot?: Digest
  readonly exclusions: readonly string[]
  readonly triggers: readonly ImageTrigger[]
  /** Absent: nothing is checked. */
  readonly health?: HealthChecks
  readonly throttle?: ThrottleSettings
}

export type Risk = 'high' | 'medium' | 'low' | 'none'

export interface ChangelogEntry {
  readonly version: string
  readonly distribution: string
  readonly urgency: string
  /** As the changelog has it. */
  readonly date: string
  readonly author: string
  readonly text: string
}

export interface PackageChange {
  readonly kind: 'package'
  readonly risk: Risk
  readonly reasons: readonly string[]
  readonly change: 'added' | 'removed' | 'upgraded' | 'downgraded' | 'rebuilt'
  readonly name: string
  readonly source: string
  readonly architecture: string
  readonly from?: string
  readonly to?: string
  /** Between `from` (excluded) and `to` (included), newest first. Present once per source: on the first of its packages. */
  readonly changelog: readonly ChangelogEntry[]
  /** CVE ids that the changelog between the versions names. */
  readonly cves: readonly string[]
}

/** `ls -l` of one path. */
export interface FileFacts {
  readonly type: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly digest?: Digest
  readonly target?: string
  readonly capabilities?: string
}

/** One thing that a file says of itself, before and after: a value, or what came to a list and what went. */
export interface FactChange {
  readonly name: string
  readonly before?: string
  readonly after?: string
  readonly added?: readonly string[]
  readonly removed?: readonly string[]
  /** How many of both are not named. */
  readonly more?: number
}

/** A file within a file. */
export interface MemberChange {
  /** As its container has it. */
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly details?: FileDetails
  /** A unified diff, where both sides are text and within the limits. */
  readonly text?: string
}

/** What a plug-in finds that changes within a file. No facts and no members: the bytes differ in nothing that it reads. */
export interface FileDetails {
  /** `elf`, `tar`, `sqlite` … */
  readonly format: string
  /** The bytes differ, and one side at least is not what it seems. */
  readonly unreadable?: true
  readonly facts: readonly FactChange[]
  readonly members: readonly MemberChange[]
  /** Members that differ as well and are not named. */
  readonly moreMembers?: number
}

export interface FileChange {
  readonly kind: 'file'
  readonly risk: Risk
  readonly reasons: readonly string[]
  readonly change: 'added' | 'removed' | 'changed' | 'metadata'
  readonly path: string
  /** `package:NAME`, `spec` or `step:NAME`. */
  readonly owner: string
  readonly before?: FileFacts
  readonly after?: FileFacts
  /** A unified diff, where both sides are text and within the limits. */
  readonly text?: string
  /** What changes within the file, where a plug-in reads its kind. */
  readonly details?: FileDetails
}

/** A named danger of the move, which an approval must name. */
export interface Hazard {
  /** Of its rule: `collation`. */
  readonly id: string
  readonly title: string
  /** What goes wrong, to whom. */
  readonly happens: string
  /** What a person does before or with it. */
  readonly todo: string
  /** Versions, paths and values that made the rule hold. */
  readonly evidence: readonly string[]
  /** Lines of evidence that are not shown. */
  readonly more?: number
}

/** A library that programs of the new image need and that no longer is there: the dynamic linker will not find it. */
export interface LostSoname {
  readonly soname: string
  /** Packages that need it, with some of their files. */
  readonly neededBy: readonly { readonly package: string; readonly paths: readonly string[] }[]
  /** Packages that had it. */
  readonly providedBefore: readonly string[]
}

/** An advisory that one image is open to and the other is not. */
export interface AdvisoryChange {
  readonly change: 'fixed' | 'brought'
  /** `DSA-5678-1`, `CVE-2026-1234`. */
  readonly id: string
  readonly title: string
  readonly severity: string
  /** The source package, or the package where the format knows no sources. */
  readonly package: string
  readonly from?: string
  readonly to?: string
}

/** A change of what an image has its nodes do besides holding its files. */
export interface NodeChange {
  readonly kind: 'node'
  readonly risk: Risk
  readonly reasons: readonly string[]
  readonly change: 'added' | 'removed' | 'changed'
  /** As the manifest names it; `triggers`: their order. */
  readonly part: 'trigger' | 'triggers' | 'exclusion' | 'health' | 'throttle' | 'hardlinks'
  /** A trigger's name, an exclusion's glob; absent where there is one per image. */
  readonly name?: string
  readonly facts: readonly FactChange[]
}

export interface ImageDiff {
  readonly schema: 'holotype.diff/1'
  readonly from: { readonly image: Digest; readonly name: string }
  readonly to: { readonly image: Digest; readonly name: string }
  readonly summary: {
    readonly packages: { readonly added: number; readonly removed: number; readonly changed: number }
    readonly files: {
      readonly added: number
      readonly removed: number
      readonly changed: number
      readonly metadata: number
    }
    /** Bytes of the new tree less bytes of the old. */
    readonly bytes: number
    readonly setuid: number
    readonly capabilities: number
    readonly cves: readonly string[]
    readonly high: number
  }
  /** Each must be named before the diff can be approved. */
  readonly hazards: readonly Hazard[]
  readonly sonames: readonly LostSoname[]
  /** Brought first, then by id. Only where advisories were given. */
  readonly advisories?: readonly AdvisoryChange[]
  /** What changes in the order of start, a line each. Absent where nothing does. */
  readonly bootOrder?: readonly string[]
  /** Highest risk first. Absent where nothing changes. */
  readonly node?: readonly NodeChange[]
  /** Highest risk first, then by name. */
  readonly packages: readonly PackageChange[]
  readonly files: readonly FileChange[]
}
