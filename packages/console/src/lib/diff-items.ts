import type { FactChange, FileChange, FileFacts, ImageDiff, NodeChange, PackageChange, Risk } from '@holotype/image'

/** One thing to look at in a review. */
export type DiffItem = Subject & {
  readonly key: string
  readonly text: string
  /** Holds, or is, a file whose setuid, setgid or capabilities change. */
  readonly privilege: boolean
  /** Holds, or is, a file of the kernel or of what starts it. */
  readonly boot: boolean
}

type Subject =
  | { readonly kind: 'package'; readonly change: PackageChange }
  | { readonly kind: 'file'; readonly change: FileChange }
  | { readonly kind: 'node'; readonly change: NodeChange }

export const ITEM_KINDS = ['packages', 'files', 'nodes', 'privileges', 'boot'] as const
export type ItemKind = (typeof ITEM_KINDS)[number]

export const RISKS = ['high', 'medium', 'low', 'none'] as const satisfies readonly Risk[]

export interface DiffFilter {
  readonly kind?: ItemKind | undefined
  readonly risk?: Risk | undefined
  /** Words that must all occur in the item's name, versions, owner, reasons or CVEs. */
  readonly q?: string | undefined
}

/** What an item is called: `nginx`, `/etc/passwd`, `trigger reload-nginx`. */
export function itemName({ kind, change }: DiffItem): string {
  if (kind === 'node') return change.name === undefined ? change.part : `${change.part} ${change.name}`
  return kind === 'package' ? change.name : change.path
}

/**
 * The items of a diff in reading order: by risk, at each risk what nodes are told, then packages, then files. The diff comes sorted by name; a
 * stable sort keeps that.
 */
export function diffItems(diff: Pick<ImageDiff, 'node' | 'packages' | 'files'>): readonly DiffItem[] {
  const told = (diff.node ?? []).map(
    (change): DiffItem => ({
      key: `n:${change.part}:${change.name ?? ''}`,
      kind: 'node',
      change,
      privilege: false,
      boot: false,
      text: searchable([
        change.part,
        change.name,
        change.change,
        ...change.reasons,
        ...change.facts.flatMap(factTexts),
      ]),
    }),
  )
  const privileged = new Set(diff.files.filter(changesPrivilege).map(({ owner }) => owner))
  const booting = new Set(diff.files.filter(takesPartInBoot).map(({ owner }) => owner))
  const packages = diff.packages.map(
    (change): DiffItem => ({
      key: `p:${change.name}:${change.architecture}`,
      kind: 'package',
      change,
      privilege: privileged.has(`package:${change.name}`),
      boot: booting.has(`package:${change.name}`),
      text: searchable([
        change.name,
        change.source,
        change.from,
        change.to,
        change.change,
        ...change.reasons,
        ...change.cves,
      ]),
    }),
  )
  const files = diff.files.map(
    (change): DiffItem => ({
      key: `f:${change.path}`,
      kind: 'file',
      change,
      privilege: changesPrivilege(change),
      boot: takesPartInBoot(change),
      text: searchable([change.path, change.owner, change.change, change.details?.format, ...change.reasons]),
    }),
  )
  return [...told, ...packages, ...files].sort(byRisk)
}

/** The items a filter keeps, in the same order. */
export function filterItems(items: readonly DiffItem[], filter: DiffFilter): readonly DiffItem[] {
  const words = (filter.q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  return items.filter(
    (item) =>
      (filter.kind === undefined || isOfKind(item, filter.kind)) &&
      (filter.risk === undefined || item.change.risk === filter.risk) &&
      words.every((word) => item.text.includes(word)),
  )
}

function isOfKind(item: DiffItem, kind: ItemKind): boolean {
  switch (kind) {
    case 'packages':
      return item.kind === 'package'
    case 'files':
      return item.kind === 'file'
    case 'nodes':
      return item.kind === 'node'
    case 'privileges':
      return item.privilege
    case 'boot':
      return item.boot
  }
}

/** setuid and setgid of a file. */
const PRIVILEGE_BITS = 0o6000

function changesPrivilege({ before, after }: FileChange): boolean {
  const bits = (facts: FileFacts | undefined): number => (facts?.type === 'file' ? facts.mode & PRIVILEGE_BITS : 0)
  return bits(before) !== bits(after) || before?.capabilities !== after?.capabilities
}

/** Kernel, modules, initrd, boot loader and the kernel's command line (Filesystem Hierarchy Standard 3.0, 3.5 and 4.6; kernel-install(8)). */
const BOOT_PATHS =
  /^\/(boot|efi)\/|^\/(usr\/)?lib\/(modules|kernel)\/|^\/etc\/(kernel|default\/grub|initramfs-tools|dracut)/

function takesPartInBoot({ path }: FileChange): boolean {
  return BOOT_PATHS.test(path)
}

/** How many items each kind has. */
export function countKinds(items: readonly DiffItem[]): Readonly<Record<ItemKind, number>> {
  const counts = { packages: 0, files: 0, nodes: 0, privileges: 0, boot: 0 }
  for (const item of items) for (const kind of ITEM_KINDS) counts[kind] += Number(isOfKind(item, kind))
  return counts
}

/** How many items each risk has. */
export function countRisks(items: readonly DiffItem[]): Readonly<Record<Risk, number>> {
  const counts = { high: 0, medium: 0, low: 0, none: 0 }
  for (const item of items) counts[item.change.risk] += 1
  return counts
}

function byRisk(left: DiffItem, right: DiffItem): number {
  return RISKS.indexOf(left.change.risk) - RISKS.indexOf(right.change.risk)
}

function factTexts({ name, before, after, added = [], removed = [] }: FactChange): readonly (string | undefined)[] {
  return [name, before, after, ...added, ...removed]
}

function searchable(fields: readonly (string | undefined)[]): string {
  return fields.join('\n').toLowerCase()
}
