import type { AdvisoryChange, ImageDiff } from '@holotype/image'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { countKinds, type DiffItem } from '../lib/diff-items.ts'
import { bytesChange, counted, whole } from '../lib/format.ts'
import type { ReviewSearch } from '../search.ts'
import { ShapeIcon } from '../ui/shape.tsx'

interface SummaryStripProps {
  readonly diff: ImageDiff
  readonly items: readonly DiffItem[]
  readonly namers: ReadonlyMap<string, readonly string[]>
}

/** The whole change in one line of numbers; the ones that hurt first. Each leads to what it counts. */
export function SummaryStrip({ diff, items, namers }: SummaryStripProps) {
  const { summary, hazards, sonames, advisories = [], bootOrder = [], node = [] } = diff
  const { packages, files, setuid, capabilities, cves, high } = summary
  const unnamed = hazards.filter(({ id }) => (namers.get(id) ?? []).length === 0).length
  return (
    <dl className="strip">
      <Fact name="Hazards" value={whole(hazards.length)} alarm={unnamed > 0} part={hazards.length > 0 && 'hazards'} />
      {sonames.length === 0 ? null : <Fact name="Libraries lost" value={whole(sonames.length)} alarm part="sonames" />}
      <Fact name="High risk" value={whole(high)} alarm={high > 0} show={high > 0 && { risk: 'high' }} />
      <Fact
        name="Setuid, capabilities"
        value={`${whole(setuid)}, ${whole(capabilities)}`}
        words={`${counted(setuid, 'change')} of setuid or setgid, ${whole(capabilities)} of capabilities`}
        alarm={setuid + capabilities > 0}
        show={setuid + capabilities > 0 && { kind: 'privileges' }}
      />
      {node.length === 0 ? null : (
        <Fact
          name="Nodes"
          value={counted(node.length, 'change')}
          words="of what the image has them run, leave alone and check"
          alarm={node.some(({ risk }) => risk === 'high')}
          show={{ kind: 'nodes' }}
        />
      )}
      <KernelFact items={items} />
      {bootOrder.length === 0 ? null : (
        <Fact name="Order of start" value={counted(bootOrder.length, 'change')} part="boot" />
      )}
      {advisories.length === 0 ? null : <AdvisoryFact advisories={advisories} />}
      <Fact name="CVEs named" value={whole(cves.length)} words="in the changelogs between the versions" />
      <Fact
        name="Packages"
        value={`+${packages.added} −${packages.removed} ~${packages.changed}`}
        words={words(packages)}
        show={{ kind: 'packages' }}
      />
      <Fact
        name="Files"
        value={`+${whole(files.added)} −${whole(files.removed)} ~${whole(files.changed + files.metadata)}`}
        words={`${words(files)}, ${whole(files.metadata)} in metadata alone`}
        show={{ kind: 'files' }}
      />
      <Fact name="Size" value={bytesChange(summary.bytes)} />
    </dl>
  )
}

function KernelFact({ items }: { readonly items: readonly DiffItem[] }) {
  const { boot } = countKinds(items)
  return <Fact name="Kernel and boot" value={boot === 0 ? 'same' : whole(boot)} show={boot > 0 && { kind: 'boot' }} />
}

function AdvisoryFact({ advisories }: { readonly advisories: readonly AdvisoryChange[] }) {
  const brought = advisories.filter(({ change }) => change === 'brought').length
  const fixed = advisories.length - brought
  return (
    <Fact
      name="Advisories"
      value={`${whole(fixed)} fixed, ${whole(brought)} brought`}
      alarm={brought > 0}
      part="advisories"
    />
  )
}

function words(counts: { readonly added: number; readonly removed: number; readonly changed: number }): string {
  return `${counted(counts.added, 'added', 'added')}, ${counts.removed} removed, ${counts.changed} changed`
}

interface FactProps {
  readonly name: string
  readonly value: ReactNode
  readonly words?: string
  readonly alarm?: boolean
  /** The changes that it counts. */
  readonly show?: ReviewSearch | false
  /** The part of the page that it counts. */
  readonly part?: string | false
}

function Fact({ name, value, words: title, alarm = false, show = false, part = false }: FactProps) {
  return (
    <div className={alarm ? 'alarm' : undefined}>
      <dt>{name}</dt>
      <dd title={title}>
        {alarm ? <ShapeIcon shape="triangle" tone="bad" /> : null}{' '}
        {show === false && part === false ? (
          value
        ) : (
          <Link
            from="/diffs/$digest"
            to="."
            search={show === false ? true : show}
            hash={part === false ? 'changes' : part}
            resetScroll={false}
          >
            {value}
          </Link>
        )}
      </dd>
    </div>
  )
}
