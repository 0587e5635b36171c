/**
 * Every way in which an image differs from what rpm leaves of the same packages, besides what is scrubbed. `rpm-rpm.test.ts` holds images against
 * rpm: what is not listed fails it.
 */
export const DELIBERATE_DIFFERENCES: readonly { readonly paths: readonly string[]; readonly why: string }[] = [
  {
    paths: ['/usr/lib/sysimage/rpm/rpmdb.sqlite'],
    why: "the time and the number of the transaction are the image's own, pages are written in one pass: every table holds the same rows",
  },
  {
    paths: ['/usr/lib/sysimage/rpm/rpmdb.sqlite-*', '/usr/lib/sysimage/rpm/.rpm.lock'],
    why: 'made again when rpm runs',
  },
  { paths: ['/var/tmp'], why: 'made by rpm for its scripts' },
  { paths: ['/etc/machine-id'], why: 'empty: the first boot of a node writes its own (machine-id(5))' },
]
