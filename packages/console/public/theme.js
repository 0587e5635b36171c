// Sets the colour scheme before the first paint. A file of its own because the content security policy allows no inline script.
;(() => {
  let scheme = 'auto'
  try {
    scheme = localStorage.getItem('holotype.scheme') ?? 'auto'
  } catch {}
  const dark = scheme === 'dark' || (scheme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
