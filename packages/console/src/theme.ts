import { createTheme, type CSSVariablesResolver, type MantineColorSchemeManager } from '@mantine/core'

/** The component library drawn with our tokens (`styles/tokens.css`), so that there is one set of colours. */

export const theme = createTheme({
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--font-mono)',
  defaultRadius: 4,
  respectReducedMotion: true,
  cursorType: 'pointer',
})

const shared = {
  '--mantine-color-body': 'var(--bg)',
  '--mantine-color-text': 'var(--text)',
  '--mantine-color-dimmed': 'var(--muted)',
  '--mantine-color-default-border': 'var(--line)',
}

export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared })

const KEY = 'holotype.scheme'

/** Remembers the colour scheme under the key that `public/theme.js` reads before the first paint. */
export function schemeManager(): MantineColorSchemeManager {
  return {
    get: (otherwise) => {
      try {
        const kept = localStorage.getItem(KEY)
        return kept === 'light' || kept === 'dark' || kept === 'auto' ? kept : otherwise
      } catch {
        return otherwise
      }
    },
    set: (value) => {
      try {
        localStorage.setItem(KEY, value)
      } catch {
        // A browser that keeps nothing still switches for this page.
      }
    },
    subscribe: () => {},
    unsubscribe: () => {},
    clear: () => {
      try {
        localStorage.removeItem(KEY)
      } catch {
        // Nothing was kept.
      }
    },
  }
}
