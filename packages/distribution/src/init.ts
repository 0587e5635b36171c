import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeFileAtomic } from '@holotype/base'
import { fail } from './errors.ts'
import { name as nameSchema } from './values.ts'

/**
 * Writes a small valid distribution to start from: `holotype.yaml`, one image, one channel, and a `.gitignore` for the state directory.
 * Returns the paths written, relative to `directory`. Writes nothing when one of them is there already.
 * @throws DISTRIBUTION_EXISTS, DISTRIBUTION_BAD_NAME, DISK_FULL
 */
export function initDistribution(directory: string, name: string): readonly string[] {
  if (!nameSchema.safeParse(name).success)
    throw fail('DISTRIBUTION_BAD_NAME', { what: `"${name}" is not a name for a distribution` })
  const files = startingFiles(name)
  for (const path of Object.keys(files)) {
    if (existsSync(join(directory, path)))
      throw fail('DISTRIBUTION_EXISTS', { what: `${join(directory, path)} exists` })
  }
  // holotype.yaml comes last: a directory is a distribution only when all of it is there.
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileAtomic(join(directory, path), text)
  }
  return Object.keys(files)
}

function startingFiles(name: string): Readonly<Record<string, string>> {
  return {
    '.gitignore': `# What Holotype keeps on this machine: packages, keys, built images. Never commit it.
.holotype/
`,
    'images/base.yaml': `# One image: the packages it is made of (their dependencies come along), and what is set up in it.
description: A small server that can be logged in to
packages:
  - systemd-sysv
  - openssh-server
  - ca-certificates
  - usr-is-merged
# Left out of the tree: nobody reads them on a server.
prune:
  paths: [/usr/share/man/**, /usr/share/doc/**, /usr/share/locale/**]
  keep: [/usr/share/doc/*/copyright]
files:
  /etc/motd:
    content: |
      This server is a copy of the image "base" of ${name}.
# What belongs to the node and not to the image: neither read, nor written, nor deleted.
exclusions:
  - /proc/**
  - /sys/**
  - /dev/**
  - /run/**
  - /tmp/**
  - /home/**
  - /root/**
  - /var/tmp/**
  - /var/log/*/**
  - /var/log/*log*
  - /var/log/?tmp*
  - /etc/machine-id
  - /etc/hostname
  - /etc/.pwd.lock
  - /etc/ssh/ssh_host_*
  - /var/backups/**
  - /var/lib/dbus/machine-id
  - /var/lib/systemd/linger
  - /var/lib/systemd/random-seed
  - /var/lib/systemd/timers
`,
    'channels/base.yaml': `# One channel: which image its nodes run, and in which waves they move to a new one.
image: base
waves:
  - name: canary
    select: { tier: canary }
  # Opens when every canary has converged and stayed so for a while.
  - name: rest
    gate: { soak: 10m, success: 100% }
`,
    'holotype.yaml': `# The distribution. Everything declared is in this git repository.
name: ${name}
upstreams:
  # The packages that this machine's own apt sources offer.
  host:
    format: deb
    from: host
    pockets: [release, updates, security]
policy:
  # How many people must approve an image before it may be rolled out.
  approvals: 1
  # You begin alone. As soon as there are two of you: false, and nobody approves their own change alone.
  self_approval: true
`,
  }
}
