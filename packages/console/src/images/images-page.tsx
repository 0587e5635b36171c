import type { DiffSummary, ImageSummary } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { diffsQuery, imagesQuery, statusQuery } from '../api/queries.ts'
import { bytes, counted, whole } from '../lib/format.ts'
import { imageMarks } from '../lib/marks.ts'
import { Ago } from '../ui/ago.tsx'
import { DigestText } from '../ui/digest.tsx'
import { ImageName } from '../ui/image-name.tsx'
import { useRowKeys } from '../ui/keys.ts'
import { Page, Section } from '../ui/page.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { REVIEW, RISK, StatusWord } from '../ui/word.tsx'

/** What waits for review, then every image there is. */
export function ImagesPage() {
  const diffs = useQuery(diffsQuery)
  const images = useQuery(imagesQuery)
  useRowKeys()
  const open = diffs.data?.filter((diff) => diff.review.state === 'open').length
  return (
    <Page
      title="Images"
      name="Images"
      facts={
        open === undefined ? undefined : (
          <span>{open === 0 ? 'no review is open' : `${counted(open, 'review')} open`}</span>
        )
      }
      command="holotype image list"
      path="images"
    >
      <Section title="Reviews">
        <Loaded query={diffs} what="the reviews">
          {(list) =>
            list.length === 0 ? (
              <Empty title="No change was put up for review yet." command="holotype image diff FROM TO --review" />
            ) : (
              <DiffTable diffs={list} />
            )
          }
        </Loaded>
      </Section>
      <Section title="All images">
        <Loaded query={images} what="the images">
          {(list) =>
            list.length === 0 ? (
              <Empty title="No image is known yet." command="holotype image compose NAME" />
            ) : (
              <ImageTable images={list} />
            )
          }
        </Loaded>
      </Section>
    </Page>
  )
}

function DiffTable({ diffs }: { readonly diffs: readonly DiffSummary[] }) {
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">Change</th>
          <th scope="col">Review</th>
          <th scope="col">High risk</th>
          <th scope="col" className="wide">
            Digest
          </th>
          <th scope="col" className="wide">
            Registered
          </th>
        </tr>
      </thead>
      <tbody>
        {diffs.map((diff) => {
          const { state, words } = diff.review
          return (
            <tr key={diff.diff}>
              <th scope="row">
                <Link to="/diffs/$digest" params={{ digest: diff.diff }} data-row="" className="from-to">
                  <ImageName image={diff.from} name={diff.fromName} /> →{' '}
                  <ImageName image={diff.to} name={diff.toName} />
                </Link>
              </th>
              <td>
                <StatusWord of={REVIEW[state]}>
                  <Text className="wrap">{words}</Text>
                </StatusWord>
              </td>
              <td>
                {diff.high === 0 ? (
                  <span className="muted">none</span>
                ) : (
                  <StatusWord of={RISK.high}>{diff.high}</StatusWord>
                )}
              </td>
              <td className="wide">
                <DigestText digest={diff.diff} />
              </td>
              <td className="wide">
                <Ago time={diff.registered} />
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function ImageTable({ images }: { readonly images: readonly ImageSummary[] }) {
  const channels = useQuery(statusQuery).data?.channels ?? []
  const mark = imageMarks(
    channels,
    images.map((image) => image.image),
  )
  const inChannels = (image: string): string =>
    channels
      .flatMap((channel) => [
        ...(channel.current === image ? [`current in ${channel.channel}`] : []),
        ...(channel.next === image ? [`next in ${channel.channel}`] : []),
      ])
      .join(', ')
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Channels</th>
          <th scope="col" className="number">
            Packages
          </th>
          <th scope="col" className="number wide">
            Files
          </th>
          <th scope="col" className="number wide">
            Size
          </th>
          <th scope="col">Boot</th>
          <th scope="col" className="wide">
            Registered
          </th>
        </tr>
      </thead>
      <tbody>
        {images.map((image) => (
          <tr key={image.image}>
            <th scope="row">
              <ImageName image={image.image} name={image.name} mark={mark(image.image)} copy />
            </th>
            <td>
              <Text>{inChannels(image.image)}</Text>
            </td>
            <td className="number">{whole(image.packages)}</td>
            <td className="number wide">{whole(image.files)}</td>
            <td className="number wide">{bytes(image.bytes)}</td>
            <td>
              <Link to="/images/$image/boot" params={{ image: image.image }} data-row="">
                What starts
              </Link>
            </td>
            <td className="wide">
              <Ago time={image.registered} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
