import type { Status } from '@holotype/server/api'
import { Link } from '@tanstack/react-router'
import { counted, shortDigest } from '../lib/format.ts'
import type { ImageMark } from '../lib/marks.ts'
import { WaveList } from '../rollouts/wave-list.tsx'
import { Ago } from '../ui/ago.tsx'
import { Bar } from '../ui/bar.tsx'
import { ImageName } from '../ui/image-name.tsx'
import { Text } from '../ui/text.tsx'
import { ROLLOUT, StatusWord } from '../ui/word.tsx'

type Channel = Status['channels'][number]

interface ChannelBlockProps {
  readonly channel: Channel
  readonly marks: (image: string | null) => ImageMark
}

/** A channel: which image, which next, who holds what, and its rollout's waves. */
export function ChannelBlock({ channel, marks }: ChannelBlockProps) {
  const rollout = channel.rollout
  return (
    <article className="channel" aria-label={`Channel ${channel.channel}`}>
      <header className="channel-head">
        <h3>
          <Text>{channel.channel}</Text>
        </h3>
        <span className="channel-images">
          <ImageName image={channel.current} name={channel.currentName} mark={marks(channel.current)} />
          {channel.next === null ? null : (
            <>
              <span className="arrow">
                → <span className="visually-hidden">next</span>
              </span>
              <ImageName image={channel.next} name={channel.nextName} mark={marks(channel.next)} />
            </>
          )}
        </span>
        <span className="muted">statement {channel.statement}</span>
        {rollout === null ? null : (
          <span className="channel-rollout">
            <StatusWord of={ROLLOUT[rollout.state]} />
            {rollout.ended === null ? null : <Ago time={rollout.ended} />}
            <Link to="/rollouts/$rollout" params={{ rollout: rollout.rollout }} data-row="">
              Open the rollout
            </Link>
          </span>
        )}
      </header>
      <Holders channel={channel} marks={marks} />
      {rollout === null || rollout.state === 'done' ? null : <WaveList waves={rollout.waves} compact />}
    </article>
  )
}

function Holders({ channel, marks }: ChannelBlockProps) {
  if (channel.nodes === 0) return <p className="muted">No node follows this channel yet.</p>
  const parts = channel.byImage.map((held) => ({
    key: held.image ?? 'none',
    count: held.nodes,
    tone: `mark-${marks(held.image).tone}`,
    hatched: held.image === null,
    words: `${counted(held.nodes, 'node')} on ${held.image === null ? 'no image' : `${held.name} ${shortDigest(held.image)}`}`,
  }))
  return (
    <div className="holders">
      <Bar parts={parts} />
      <ul className="holders-words">
        {channel.byImage.map((held) => (
          <li key={held.image ?? 'none'}>
            <Link
              to="/nodes"
              search={{
                q: `channel:${channel.channel} image:${held.image === null ? 'none' : shortDigest(held.image)}`,
              }}
            >
              {counted(held.nodes, 'node')}
            </Link>{' '}
            {held.image === null ? 'with ' : 'on '}
            <ImageName image={held.image} name={held.name} mark={marks(held.image)} />
          </li>
        ))}
      </ul>
    </div>
  )
}
