import { useMantineColorScheme } from '@mantine/core'

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' } as const
const WORDS = { auto: 'System', light: 'Light', dark: 'Dark' } as const

/** System, light, dark, in turn. Remembered. */
export function ThemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const next = NEXT[colorScheme]
  return (
    <button
      type="button"
      className="button quiet"
      title={`Colours: ${WORDS[colorScheme]}. Next: ${WORDS[next]}`}
      aria-label={`Colours: ${WORDS[colorScheme]}. Change to ${WORDS[next]}`}
      onClick={() => setColorScheme(next)}
    >
      <span aria-hidden="true">◐</span> {WORDS[colorScheme]}
    </button>
  )
}
