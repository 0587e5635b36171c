/**
 * Every way in which an image differs from what pacman leaves of the same packages, besides what is scrubbed. `alpm-pacman.test.ts` holds images
 * against pacman: what is not listed fails it.
 */
export const DELIBERATE_DIFFERENCES: readonly { readonly paths: readonly string[]; readonly why: string }[] = [
  {
    paths: ['/var/lib/pacman/local/*/desc'],
    why: "%INSTALLDATE% is the image's own time; %VALIDATION% is sha256, as the lock verified it, where `pacman -U` of a file writes none",
  },
  { paths: ['/var/cache', '/var/cache/**', '/var/lib/pacman/sync'], why: "pacman's records of a run" },
  { paths: ['/etc/machine-id'], why: 'empty: the first boot of a node writes its own (machine-id(5))' },
]
