import type { ImageMark } from '../lib/marks.ts'
import { DigestText } from './digest.tsx'
import { ShapeIcon } from './shape.tsx'
import { Text } from './text.tsx'

interface ImageNameProps {
  readonly image: string | null
  readonly name: string | null
  readonly mark?: ImageMark
  readonly copy?: boolean
}

/** An image as a person knows it: its mark, its name, the start of its digest. */
export function ImageName({ image, name, mark, copy = false }: ImageNameProps) {
  return (
    <span className="image-name">
      {mark === undefined ? null : <ShapeIcon shape={mark.shape} tone={`mark-${mark.tone}`} />}
      {image === null ? (
        <span className="muted">no image yet</span>
      ) : (
        <>
          {name === null || name === '' ? null : <Text title={name}>{name}</Text>}
          <DigestText digest={image} copy={copy} />
        </>
      )}
    </span>
  )
}
