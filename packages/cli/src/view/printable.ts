// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const CONTROL = /\u001b\[(?:1|2|22|31|32|33|36|39)m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/**
 * A shown result as it may reach a terminal. Packages, nodes and people choose many of its words: no control character of theirs passes, only
 * the styles that a painter makes, and those only where colours are on.
 */
export function printable(text: string, coloured: boolean): string {
  return text.replace(CONTROL, (found) => (coloured && found.length > 1 ? found : '\ufffd'))
}
