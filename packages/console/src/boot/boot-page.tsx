import '../styles/review.css'
import '../styles/boot.css'
import type { Boot, ImageSummary } from '@holotype/server/api'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { bootQuery, imagesQuery } from '../api/queries.ts'
import { bootDifference, filterUnits } from '../lib/boot.ts'
import { counted, shortDigest, whole } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'
import type { BootSearch } from '../search.ts'
import { Choice } from '../ui/choice.tsx'
import { useKeys } from '../ui/keys.ts'
import { Page } from '../ui/page.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { Empty, Failure, Loaded } from '../ui/states.tsx'
import { Text } from '../ui/text.tsx'
import { useHeight } from '../ui/use-height.ts'
import { BootChanges, BootProblems } from './boot-changes.tsx'
import { BootGraph } from './boot-graph.tsx'
import { BootTable } from './boot-table.tsx'
import { UnitDetail } from './unit-detail.tsx'

/** What starts when an image boots: which in parallel, what waits for what and why, what changed since another image. */
export function BootPage() {
  const { image } = useParams({ from: '/images/$image/boot' })
  const { from } = useSearch({ from: '/images/$image/boot' })
  const query = useQuery(bootQuery(image))
  const images = useQuery(imagesQuery)
  const summary = images.data?.find((each) => each.image === image)
  const boot = query.data
  return (
    <Page
      title={
        <>
          What starts in {summary === undefined ? null : <Text>{summary.name}</Text>}{' '}
          <code title={image}>{shortDigest(image)}</code>
        </>
      }
      name={`Boot of ${visible(summary?.name ?? shortDigest(image))}`}
      facts={
        boot === undefined || boot === null ? undefined : (
          <span>
            {counted(boot.order.units.length, 'unit')} in {counted(boot.columns.length, 'step')} up to{' '}
            <Text>{boot.order.goal}</Text>, {boot.order.system}
          </span>
        )
      }
      command={`holotype image boot ${image}${from === undefined ? '' : ` --from ${from}`}`}
      path={`images/${image}/boot`}
    >
      <Loaded query={query} what="the order of start">
        {(loaded) =>
          loaded === null ? (
            <Empty
              title="Nothing starts in this image, or it was registered without saying what."
              command={`holotype image boot ${image}`}
            />
          ) : (
            <Order key={image} image={image} boot={loaded} images={images.data ?? []} />
          )
        }
      </Loaded>
    </Page>
  )
}

interface OrderProps {
  readonly image: string
  readonly boot: Boot
  readonly images: readonly ImageSummary[]
}

function Order({ image, boot, images }: OrderProps) {
  const search = useSearch({ from: '/images/$image/boot' })
  const navigate = useNavigate({ from: '/images/$image/boot' })
  const change = (part: BootSearch): void =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false })
  const [toolbar, toolbarHeight] = useHeight<HTMLDivElement>()
  const other = useQuery({ ...bootQuery(search.from ?? ''), enabled: search.from !== undefined })
  const difference = useMemo(
    () => (search.from === undefined || other.data === undefined ? undefined : bootDifference(other.data, boot)),
    [search.from, other.data, boot],
  )
  const { units } = boot.order
  const shown = useMemo(() => filterUnits(units, search.q), [units, search.q])
  const selected = units.find(({ name }) => name === search.unit)
  const at = shown.findIndex(({ name }) => name === search.unit)
  const select = (unit: string | undefined): void => change({ unit })
  const move = (index: number): void => select(shown[Math.min(shown.length - 1, Math.max(0, index))]?.name)
  useKeys({ j: () => move(at + 1), k: () => move(at < 0 ? 0 : at - 1), Escape: () => select(undefined) })

  return (
    <>
      <BootProblems order={boot.order} />
      <div className="toolbar" ref={toolbar}>
        <SearchField
          label="Filter the units"
          placeholder="unit or file"
          value={search.q ?? ''}
          onChange={(text) => change({ q: text })}
        />
        <Choice
          legend="View"
          value={search.view ?? 'graph'}
          options={[
            { value: 'graph', label: 'Drawn' },
            { value: 'table', label: 'Table' },
          ]}
          onChange={(view) => change({ view: view === 'table' ? view : undefined })}
        />
        <label className="field">
          <span>Since</span>
          <select
            value={search.from ?? ''}
            onChange={(event) =>
              change({ from: event.currentTarget.value === '' ? undefined : event.currentTarget.value })
            }
          >
            <option value="">no other image</option>
            {images
              .filter((each) => each.image !== image)
              .map((each) => (
                <option key={each.image} value={each.image}>
                  {visible(each.name).slice(0, 40)} {shortDigest(each.image)}
                </option>
              ))}
          </select>
        </label>
        <span className="toolbar-count" aria-live="polite">
          {shown.length === units.length
            ? `all ${whole(units.length)}`
            : `${whole(shown.length)} of ${whole(units.length)}`}
        </span>
      </div>
      {search.from !== undefined && other.isError ? (
        <Failure error={other.error} retry={() => void other.refetch()} />
      ) : null}
      {difference === undefined ? null : <BootChanges difference={difference} select={select} />}
      <div className={selected === undefined ? 'boot' : 'boot with-unit'} style={{ '--toolbar': `${toolbarHeight}px` }}>
        {shown.length === 0 ? (
          <Empty title="No unit matches." />
        ) : search.view === 'table' ? (
          <BootTable units={shown} added={difference?.added} selected={search.unit} onSelect={select} />
        ) : (
          <BootGraph boot={boot} shown={shown} added={difference?.added} selected={search.unit} onSelect={select} />
        )}
        {selected === undefined ? null : (
          <UnitDetail image={image} boot={boot} unit={selected} added={difference?.added} onSelect={select} />
        )}
      </div>
      <p className="muted boot-legend">
        Each column can start at the same time. A line leads to what waits; a dashed box has conditions that may leave
        it out on a node. <kbd>j</kbd> <kbd>k</kbd> go through the units.
      </p>
    </>
  )
}
