import { Popover } from '@mantine/core'

const WORDS = [
  ['site=fra1', 'nodes with this label'],
  ['label:site', 'nodes that have the label at all'],
  ['image:web', 'by the image’s name, or the start of its digest; image:none'],
  ['channel:prod', 'nodes that follow a channel'],
  ['state:failed', 'by the last run: converged, failed, new'],
  ['findings:>0', 'by the number of findings: > >= < <= or a number'],
  ['flag:held', 'nodes with a flag: held by their operator, failed'],
  ['kernel:6.1', 'by the running kernel'],
  ['-state:new', 'a minus negates'],
  ['anything else', 'text in name, labels, image, channel, kernel'],
] as const

/** The query bar's language, on request. */
export function QueryHelp() {
  return (
    <Popover position="bottom-start" shadow="sm" trapFocus returnFocus width={420}>
      <Popover.Target>
        <button type="button" className="button quiet">
          Filters
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="What the filter understands">
        <dl className="query-help">
          {WORDS.map(([word, meaning]) => (
            <div key={word}>
              <dt>
                <code>{word}</code>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </Popover.Dropdown>
    </Popover>
  )
}
