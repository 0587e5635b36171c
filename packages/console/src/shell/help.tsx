import { Modal } from '@mantine/core'

const KEYS = [
  ['g h', 'Home'],
  ['g i', 'Images and reviews'],
  ['g r', 'Rollouts'],
  ['g f', 'Fleet'],
  ['g a', 'Audit log'],
  ['/', 'Search in this view'],
  ['j  k', 'Next, previous row'],
  ['Enter', 'Open the row'],
  ['e', 'In a review: mark reviewed and go on'],
  ['?', 'This list'],
] as const

/** The keys, on `?`. */
export function Help({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <dl className="help-keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(/\s+/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
