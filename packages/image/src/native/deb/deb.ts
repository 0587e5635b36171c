import type { NativeInstaller } from '../native.ts'
import { configure } from './configure.ts'
import { database } from './database.ts'
import { layout } from './layout.ts'

/** What dpkg unpacks first in a new root (debootstrap's order); the rest follows in the lock's order. */
const FIRST = ['base-files', 'base-passwd']

/** Debian's package manager. */
export const deb: NativeInstaller = {
  order: (packages) => {
    const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length)
    return packages.toSorted((a, b) => rank(a.name) - rank(b.name))
  },
  layout,
  database,
  configure,
  scrub: [
    { path: '/var/log/dpkg.log', why: 'names the time of composition' },
    { path: '/var/log/alternatives.log', why: 'names the time of composition' },
    { path: '/var/log/apt/**', why: 'names the time of composition' },
    { path: '/var/lib/dpkg/lock*', why: 'dpkg makes it' },
    { path: '/var/lib/dpkg/triggers/Lock', why: 'dpkg makes it' },
    { path: '/var/lib/dpkg/**/*-old', why: 'the state before the last script' },
    { path: '/var/lib/dpkg/*-old', why: 'the state before the last script' },
    { path: '/var/cache/debconf/*-old', why: 'the state before the last script' },
    { path: '/var/cache/apt/*.bin', why: 'apt makes it again' },
    { path: '/usr/sbin/policy-rc.d', why: 'kept services from starting inside the sandbox' },
  ],
}
