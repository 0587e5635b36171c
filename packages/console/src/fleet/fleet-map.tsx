import type { NodeSummary } from '@holotype/server/api'
import { useComputedColorScheme } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type MouseEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { counted, shortDigest } from '../lib/format.ts'
import { nodeState } from '../lib/fleet-query.ts'
import type { ImageMark } from '../lib/marks.ts'
import { visible } from '../lib/visible.ts'
import { Text } from '../ui/text.tsx'
import { GROUP_HEAD, layOut, nodeAt } from './layout.ts'
import { inkOf, paint } from './paint.ts'

interface FleetMapProps {
  readonly nodes: readonly NodeSummary[]
  readonly mark: (image: string | null) => ImageMark
  readonly group: string | undefined
}

/** Pixels of the map that are in sight at once; past it the map scrolls in its own frame. */
const FRAME_HEIGHT = 420

/** A cell per node. Only the rows in sight are painted, so the number of nodes costs nothing. The table below says the same in words. */
export function FleetMap({ nodes, mark, group }: FleetMapProps) {
  const frame = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [hovered, setHovered] = useState<NodeSummary>()
  const scheme = useComputedColorScheme()
  const navigate = useNavigate()
  const layout = useMemo(() => layOut(nodes, width, group), [nodes, width, group])
  const inSight = Math.min(FRAME_HEIGHT, layout.height)

  useLayoutEffect(() => {
    const element = frame.current
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  // `scheme` is read through the page's tokens: a change of theme must paint again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    const element = frame.current
    const context = canvas.current?.getContext('2d')
    if (element === null || context === null || context === undefined || width === 0) return
    const ratio = window.devicePixelRatio
    context.canvas.width = Math.round(width * ratio)
    context.canvas.height = Math.round(inSight * ratio)
    const ink = inkOf(element)
    let asked = 0
    const draw = (): void => {
      asked = 0
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      context.clearRect(0, 0, width, inSight)
      paint(context, layout, { from: element.scrollTop, to: element.scrollTop + inSight, ink, mark })
    }
    const later = (): void => {
      if (asked === 0) asked = requestAnimationFrame(draw)
    }
    draw()
    element.addEventListener('scroll', later, { passive: true })
    return () => {
      cancelAnimationFrame(asked)
      element.removeEventListener('scroll', later)
    }
  }, [layout, mark, width, inSight, scheme])

  const under = (event: MouseEvent): NodeSummary | undefined => {
    const element = frame.current
    if (element === null) return undefined
    const box = element.getBoundingClientRect()
    return nodeAt(layout, event.clientX - box.left, event.clientY - box.top + element.scrollTop)
  }

  return (
    <figure className="map">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the pointer; the table is the keyboard's way */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: as above */}
      <div
        ref={frame}
        className={hovered === undefined ? 'map-frame' : 'map-frame over'}
        style={{ height: inSight }}
        onMouseMove={(event) => setHovered(under(event))}
        onMouseLeave={() => setHovered(undefined)}
        onClick={(event) => {
          const node = under(event)
          if (node !== undefined) void navigate({ to: '/nodes/$node', params: { node: node.node } })
        }}
      >
        <div className="map-size" style={{ height: layout.height }}>
          <canvas
            ref={canvas}
            style={{ width, height: inSight }}
            role="img"
            aria-label={`Map of ${counted(nodes.length, 'node')}; the table below holds the same`}
          />
          {group === undefined
            ? null
            : layout.groups.map((each) => (
                <span key={each.name} className="map-group" style={{ top: each.top - GROUP_HEAD }}>
                  <Text>{each.name}</Text> <span className="muted">{each.nodes.length}</span>
                </span>
              ))}
        </div>
      </div>
      <figcaption className="map-words">
        {hovered === undefined ? 'Point at a cell to read it; click to open the node.' : words(hovered)}
      </figcaption>
    </figure>
  )
}

function words(node: NodeSummary): string {
  const image = node.image === null ? 'no image' : `${node.imageName ?? ''} ${shortDigest(node.image)}`
  return visible(`${node.name}: ${image}, ${nodeState(node)}, ${counted(node.findings, 'finding')}`)
}
