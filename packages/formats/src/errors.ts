import { defineErrors } from '@holotype/base'

/** The codes of `formats`. */
export const fail = defineErrors({
  FORMAT_UNKNOWN: {
    kind: 'input',
    when: 'a package format is asked for that this version does not have',
    hint: 'use one of the formats that are named',
  },
  RELATION_MALFORMED: {
    kind: 'input',
    when: 'a dependency field or a relation operator does not parse',
    hint: 'Debian Policy §7.1 shows the form: `name (>= version) | other`',
  },
  CONTROL_MALFORMED: {
    kind: 'input',
    when: 'a control file (stanzas of `Field: value`) does not parse',
    hint: 'deb822(5) shows the form; a continuation line starts with a space',
  },
  PACKAGE_MALFORMED: {
    kind: 'corrupt',
    when: 'a package file is not of its format, is damaged, or holds a path that leads outside its root',
    hint: 'fetch or build the package again; if it stays so, do not trust where it came from',
  },
  PACKAGE_TRUNCATED: {
    kind: 'corrupt',
    when: 'a package file ends before its end',
    hint: 'the download or the disk was cut short: fetch the package again',
  },
  PACKAGE_TOO_LARGE: {
    kind: 'resource',
    when: 'a package file unpacks to more bytes or members than the limits allow',
    hint: 'the limits stand in packages/formats/src/limits.ts',
  },
  PACKAGE_UNWRITABLE: {
    kind: 'input',
    when: 'a package cannot be written because its format cannot hold what it was given',
    hint: 'mend the field or path that is named',
  },
  REPOSITORY_MALFORMED: {
    kind: 'corrupt',
    when: "a repository's index or signed top does not parse or names a path outside the repository",
    hint: 'fetch it again; if it stays so, do not trust where it came from',
  },
  REPOSITORY_UNWRITABLE: {
    kind: 'input',
    when: 'a repository cannot be written because of a name, an architecture or a file name it was given',
    hint: 'mend what is named',
  },
  REPOSITORY_VERSION_TAKEN: {
    kind: 'conflict',
    when: 'a package of the same name, version and architecture is published already with other bytes',
    hint: 'give the new build a higher version: clients keep what they know by version',
  },
  REPOSITORY_DIGEST_MISMATCH: {
    kind: 'corrupt',
    when: 'a file to publish is not the one its record describes',
    hint: 'build or fetch the package again',
  },
  INSTALLED_MALFORMED: {
    kind: 'corrupt',
    when: 'the installed database of a root does not parse',
    hint: "let the root's own tool check it: `dpkg --audit`, `rpmdb --verifydb`, `pacman -Dk` or `xbps-pkgdb -a`",
  },
  COMPRESSION_UNAVAILABLE: {
    kind: 'input',
    when: 'neither the xz library nor the xz program is there',
    hint: 'run `make setup`, or install xz-utils',
  },
  CHANGELOG_MALFORMED: {
    kind: 'input',
    when: "a spec file's %changelog has a heading that names no date",
    hint: 'a heading reads `* Sat Nov 21 2026 Name <address> - version`',
  },
  CONVERT_REFUSED: {
    kind: 'input',
    when: 'a package cannot be converted: it has scripts and they were not allowed, or its architecture has no name on the other side',
    hint: 'read its scripts, then allow them; `--json` shows each',
  },
})
