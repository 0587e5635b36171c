/**
 * Text from outside, made safe to read. React already keeps it from being markup; what is left are characters that change how the
 * *rest* of the line reads: bidirectional overrides, zero-width characters and controls (CVE-2021-42574, "Trojan Source"). A reviewer must see them.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is made visible
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Replaces each invisible or direction-changing character with its code point: `⟨U+202E⟩`. Tab and newline stay. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const point = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    return `⟨U+${point}⟩`
  })
}
