/** Why the demo cannot run here, in words for whoever typed it; undefined when nothing speaks against it. */
export function complaint({
  uid,
  work,
}: {
  readonly uid: number | undefined
  readonly work: string
}): string | undefined {
  if (uid !== 0) return 'the demo needs root: run `make demo`, which says why and asks for it'
  // overlayfs takes its directories as mount options, in which these characters have a meaning.
  if (/[,:\\\s]/.test(work)) {
    return `the demo cannot work in ${JSON.stringify(work)}: it mounts directories there, and the path of a mount must have no comma, colon, backslash or white space. Name another place: DEMO_WORK=/var/tmp/holotype-demo make demo`
  }
  return undefined
}
