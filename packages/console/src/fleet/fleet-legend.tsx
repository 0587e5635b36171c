import type { NodeSummary } from '@holotype/server/api'
import { useMemo } from 'react'
import { counted, shortDigest, whole } from '../lib/format.ts'
import type { ImageMark } from '../lib/marks.ts'
import { ImageName } from '../ui/image-name.tsx'
import { ShapeIcon } from '../ui/shape.tsx'

interface FleetLegendProps {
  readonly nodes: readonly NodeSummary[]
  readonly mark: (image: string | null) => ImageMark
  readonly query: string
  readonly onFilter: (query: string) => void
  /** The map draws failure and findings as signs of their own. */
  readonly map: boolean
}

/** Past this many images a legend explains nothing. */
const LEGEND_IMAGES = 8

/** What each mark means, with its number of nodes; a click narrows the query to it. */
export function FleetLegend({ nodes, mark, query, onFilter, map }: FleetLegendProps) {
  const images = useMemo(() => {
    const counts = new Map<string | null, { readonly name: string | null; count: number }>()
    for (const node of nodes) {
      const held = counts.get(node.image)
      if (held === undefined) counts.set(node.image, { name: node.imageName, count: 1 })
      else held.count += 1
    }
    return [...counts].toSorted(([, left], [, right]) => right.count - left.count)
  }, [nodes])
  const failed = nodes.filter((node) => node.lastOutcome === 'failed').length
  const withFindings = nodes.filter((node) => node.findings > 0).length
  const narrow = (term: string) => () => onFilter(query.split(/\s+/).includes(term) ? query : `${query} ${term}`.trim())
  return (
    <ul className="legend" aria-label="Legend">
      {images.slice(0, LEGEND_IMAGES).map(([image, held]) => (
        <li key={image ?? 'none'}>
          <button
            type="button"
            className="button quiet"
            onClick={narrow(image === null ? 'image:none' : `image:${shortDigest(image)}`)}
          >
            <ImageName image={image} name={held.name} mark={mark(image)} />{' '}
            <span className="number">{whole(held.count)}</span>
          </button>
        </li>
      ))}
      {images.length > LEGEND_IMAGES ? (
        <li className="muted">and {counted(images.length - LEGEND_IMAGES, 'more image')}</li>
      ) : null}
      <li>
        <button type="button" className="button quiet" onClick={narrow('state:failed')}>
          <ShapeIcon shape="cross" tone="bad" /> failed <span className="number">{whole(failed)}</span>
        </button>
      </li>
      <li>
        <button type="button" className="button quiet" onClick={narrow('findings:>0')}>
          {map ? <span className="legend-frame" aria-hidden="true" /> : <ShapeIcon shape="triangle" tone="warn" />}
          with findings <span className="number">{whole(withFindings)}</span>
        </button>
      </li>
    </ul>
  )
}
