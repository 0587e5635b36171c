import type { ImageDiff } from '@holotype/image'
import type { ReactNode } from 'react'
import { bytesChange, counted, whole } from '../lib/format.ts'
import { ShapeIcon } from '../ui/shape.tsx'

/** The whole change in one line of numbers; the ones that hurt first. */
export function SummaryStrip({ diff }: { readonly diff: ImageDiff }) {
  const { packages, files, bytes, setuid, capabilities, cves, high } = diff.summary
  return (
    <dl className="strip">
      <Fact name="High risk" value={whole(high)} alarm={high > 0} />
      <Fact name="Setuid changes" value={whole(setuid)} alarm={setuid > 0} />
      <Fact name="Capability changes" value={whole(capabilities)} alarm={capabilities > 0} />
      <Fact name="CVEs named" value={whole(cves.length)} />
      <Fact
        name="Packages"
        value={`+${packages.added} −${packages.removed} ~${packages.changed}`}
        words={words(packages)}
      />
      <Fact
        name="Files"
        value={`+${whole(files.added)} −${whole(files.removed)} ~${whole(files.changed)}`}
        words={words(files)}
      />
      <Fact name="Metadata alone" value={whole(files.metadata)} />
      <Fact name="Size" value={bytesChange(bytes)} />
    </dl>
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
}

function Fact({ name, value, words: title, alarm = false }: FactProps) {
  return (
    <div className={alarm ? 'alarm' : undefined}>
      <dt>{name}</dt>
      <dd title={title}>
        {alarm ? <ShapeIcon shape="triangle" tone="bad" /> : null} {value}
      </dd>
    </div>
  )
}
