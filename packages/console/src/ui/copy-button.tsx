import { useClipboard } from '@mantine/hooks'

/** Puts a value on the clipboard and says so. */
export function CopyButton({ value, label }: { readonly value: string; readonly label: string }) {
  const clipboard = useClipboard({ timeout: 1500 })
  const word = clipboard.error === null ? (clipboard.copied ? 'Copied' : 'Copy') : 'Not allowed'
  return (
    <button type="button" className="copy" title={label} aria-label={label} onClick={() => clipboard.copy(value)}>
      <span aria-live="polite">{word}</span>
    </button>
  )
}
