import { shortDigest } from '../lib/format.ts'
import { CopyButton } from './copy-button.tsx'
import { Text } from './text.tsx'

interface CommandLineProps {
  /** Undefined where no safe command can be written. */
  readonly command: string | undefined
  /** Cut to twelve digits in what is shown; the clipboard has it whole. */
  readonly digest: string
  /** What it does: `approves`. */
  readonly what: string
}

/** A command to copy. */
export function CommandLine({ command, digest, what }: CommandLineProps) {
  if (command === undefined)
    return (
      <span className="muted">Its name has control characters: a command that {what} is not offered for copying.</span>
    )
  return (
    <span className="approve">
      <code>
        <Text>{command.replace(digest, `sha256:${shortDigest(digest)}…`)}</Text>
      </code>
      <CopyButton value={command} label={`Copy the command that ${what}`} />
    </span>
  )
}
