/** The words of a command line as alpm-hooks(5) has them in Exec: split at blanks, with quotes and backslashes. Undefined where a quote does not end. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (quote !== '') {
      if (char === quote) quote = ''
      // Within quotes a backslash stands for itself but before the quote and another backslash.
      else if (char === '\\' && (text[i + 1] === quote || text[i + 1] === '\\')) word += text.charAt(++i)
      else word += char
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word ??= ''
      if (char === '"' || char === "'") quote = char
      else if (char === '\\' && i + 1 < text.length) word += text.charAt(++i)
      else word += char
    }
  }
  if (quote !== '') return undefined
  return word === undefined ? words : [...words, word]
}
