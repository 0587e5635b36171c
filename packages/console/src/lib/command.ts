/** Command lines that the reader copies. Their words come from packages and people: each is quoted, or the command is not offered. Pure. */

const PLAIN = /^[\w@%+=:,./-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/**
 * A word as a POSIX shell reads it back (Shell Command Language, 2.2.2). Undefined with control characters: pasted into a terminal they act
 * before any shell sees the quotes.
 */
export function shellWord(text: string): string | undefined {
  if (CONTROL.test(text)) return undefined
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A command line of words that are quoted as they need; undefined where one of them cannot be. */
export function commandLine(words: readonly string[]): string | undefined {
  const quoted = words.map(shellWord)
  return quoted.includes(undefined) ? undefined : quoted.join(' ')
}

/** What approves a diff and names the hazards that nobody has named yet. */
export function approveCommand(diff: string, hazards: readonly string[]): string | undefined {
  return commandLine(['holotype', 'image', 'approve', diff, ...hazards.flatMap((id) => ['--hazard', id])])
}

/** What comments on an item; its text is for the reader to write. */
export function commentCommand(diff: string, item: string): string | undefined {
  const line = commandLine(['holotype', 'image', 'comment', diff, '--item', item])
  return line === undefined ? undefined : `${line} 'TEXT'`
}

/** What shows the reader's own ticks to the others. */
export function reviewedCommand(diff: string, items: readonly string[]): string | undefined {
  return commandLine(['holotype', 'image', 'reviewed', diff, ...items])
}
