import { createHash } from 'node:crypto'
import type { FileChange, FileFacts, ImageDiff, PackageChange } from '@holotype/image'

import {
  elfDetails,
  fixtureAdvisories,
  fixtureBootOrder,
  fixtureHazards,
  fixtureNode,
  fixtureSonames,
  insideFiles,
} from './fixture-dangers.ts'

/** A change between two images as the differ makes it, for the fixture server. */

const digest = (name: string): `sha256:${string}` => `sha256:${createHash('sha256').update(name).digest('hex')}`

const OPENSSL_TEXT = `  * CVE-2025-9230 (Out-of-bounds read & write in RFC 3211 KEK Unwrap)
  * CVE-2025-9231 (Timing side-channel in SM2 algorithm on 64 bit ARM)
    - The side channel needs a remote timing measurement and does not
      concern amd64.`

function upgraded(name: string, from: string, to: string, more: Partial<PackageChange> = {}): PackageChange {
  return {
    kind: 'package',
    risk: 'low',
    reasons: [],
    change: 'upgraded',
    name,
    source: name,
    architecture: 'amd64',
    from,
    to,
    changelog: [
      {
        version: to,
        distribution: 'bookworm-security',
        urgency: 'medium',
        date: 'Tue, 30 Sep 2025 18:27:36 +0200',
        author: 'A Maintainer <maintainer@acme.example>',
        text: `  * Update of ${name}.\n    - Fixes a regression of the last update.`,
      },
    ],
    cves: [],
    ...more,
  }
}

const plain = (name: string, more: Partial<FileFacts> = {}): FileFacts => ({
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 1_200 + name.length * 411,
  digest: digest(name),
  ...more,
})

const SSHD_DIFF = `--- a/etc/ssh/sshd_config
+++ b/etc/ssh/sshd_config
@@ -32,7 +32,7 @@
 #LoginGraceTime 2m
-PermitRootLogin prohibit-password
+PermitRootLogin no
 #StrictModes yes
 #MaxAuthTries 6
 #MaxSessions 10
@@ -57,3 +57,4 @@
 # To disable tunneled clear text passwords, change to "no" here!
 PasswordAuthentication no
 #PermitEmptyPasswords no
+AllowGroups ops
`

/** A trigger, fourteen packages and forty-one files. */
export function fixtureDiff(): ImageDiff {
  const packages: PackageChange[] = [
    upgraded('libssl3', '3.0.17-1~deb12u2', '3.0.17-1~deb12u3', {
      risk: 'high',
      source: 'openssl',
      reasons: ['34 packages of the image load it', 'fixes 2 CVEs'],
      cves: ['CVE-2025-9230', 'CVE-2025-9231'],
      changelog: [
        {
          version: '3.0.17-1~deb12u3',
          distribution: 'bookworm-security',
          urgency: 'medium',
          date: 'Tue, 30 Sep 2025 18:27:36 +0200',
          author: 'A Maintainer <maintainer@acme.example>',
          text: OPENSSL_TEXT,
        },
      ],
    }),
    upgraded('sudo', '1.9.13p3-1+deb12u1', '1.9.13p3-1+deb12u2', {
      risk: 'high',
      reasons: ['ships a setuid file', 'fixes 2 CVEs'],
      cves: ['CVE-2025-32462', 'CVE-2025-32463'],
    }),
    upgraded('openssl', '3.0.17-1~deb12u2', '3.0.17-1~deb12u3', {
      risk: 'medium',
      changelog: [],
      reasons: ['cryptography'],
    }),
    upgraded('systemd', '252.38-1~deb12u1', '252.39-1~deb12u1', {
      risk: 'medium',
      reasons: ['takes part in the boot'],
    }),
    upgraded('libsystemd0', '252.38-1~deb12u1', '252.39-1~deb12u1', { source: 'systemd', changelog: [] }),
    upgraded('nginx', '1.22.1-9+deb12u2', '1.22.1-9+deb12u3', {
      cves: ['CVE-2025-53859'],
      risk: 'medium',
      reasons: ['fixes 1 CVE'],
    }),
    upgraded('beacon', '1.0-1', '1.1-1', { reasons: ['our own package'] }),
    upgraded('tzdata', '2025b-0+deb12u1', '2025b-0+deb12u2', { architecture: 'all', risk: 'none' }),
    upgraded('curl', '7.88.1-10+deb12u12', '7.88.1-10+deb12u14'),
    upgraded('libcurl4', '7.88.1-10+deb12u12', '7.88.1-10+deb12u14', { source: 'curl', changelog: [] }),
    upgraded('vim-common', '2:9.0.1378-2', '2:9.0.1378-2+deb12u2'),
    upgraded('base-files', '12.4+deb12u11', '12.4+deb12u12', { risk: 'none' }),
  ]
  const added: PackageChange = {
    kind: 'package',
    risk: 'low',
    reasons: ['new in the image'],
    change: 'added',
    name: 'jq',
    source: 'jq',
    architecture: 'amd64',
    to: '1.6-2.1+deb12u1',
    changelog: [],
    cves: [],
  }
  const removed: PackageChange = {
    kind: 'package',
    risk: 'medium',
    reasons: ['no longer in the image', 'nothing else of it needs telnet'],
    change: 'removed',
    name: 'telnet',
    source: 'netkit-telnet',
    architecture: 'amd64',
    from: '0.17+2.4-2',
    changelog: [],
    cves: [],
  }
  const files: FileChange[] = [
    {
      kind: 'file',
      risk: 'high',
      reasons: ['setuid since this change'],
      change: 'metadata',
      path: '/usr/sbin/beacon-probe',
      owner: 'package:beacon',
      before: plain('probe', { mode: 0o755, size: 18_344 }),
      after: plain('probe', { mode: 0o4755, size: 18_344 }),
    },
    {
      kind: 'file',
      risk: 'medium',
      reasons: ['who may log in'],
      change: 'changed',
      path: '/etc/ssh/sshd_config',
      owner: 'spec',
      before: plain('sshd old', { size: 3_289 }),
      after: plain('sshd new', { size: 3_294, mode: 0o600 }),
      text: SSHD_DIFF,
    },
    {
      kind: 'file',
      risk: 'medium',
      reasons: ['capabilities changed'],
      change: 'metadata',
      path: '/usr/bin/ping',
      owner: 'package:iputils-ping',
      before: plain('ping', { mode: 0o755 }),
      after: plain('ping', { mode: 0o755, capabilities: 'cap_net_raw=ep' }),
    },
    {
      kind: 'file',
      risk: 'low',
      reasons: [],
      change: 'changed',
      path: '/usr/lib/x86_64-linux-gnu/libssl.so.3',
      owner: 'package:libssl3',
      before: plain('ssl old', { size: 694_008 }),
      after: plain('ssl new', { size: 694_072 }),
      details: elfDetails,
    },
    {
      kind: 'file',
      risk: 'low',
      reasons: [],
      change: 'added',
      path: '/usr/bin/jq',
      owner: 'package:jq',
      after: plain('jq', { mode: 0o755, size: 31_032 }),
    },
    {
      kind: 'file',
      risk: 'low',
      reasons: [],
      change: 'removed',
      path: '/usr/bin/telnet.netkit',
      owner: 'package:telnet',
      before: plain('telnet', { mode: 0o755, size: 113_616 }),
    },
    ...insideFiles,
    ...Array.from({ length: 32 }, (_, index): FileChange => {
      const path = `/usr/share/zoneinfo/Europe/Zone_${index + 1}`
      return {
        kind: 'file',
        risk: 'none',
        reasons: [],
        change: 'changed',
        path,
        owner: 'package:tzdata',
        before: plain(`${path} old`),
        after: plain(`${path} new`),
      }
    }),
  ]
  return {
    schema: 'holotype.diff/1',
    from: { image: digest('web 1'), name: 'web' },
    to: { image: digest('web 2'), name: 'web' },
    summary: {
      packages: { added: 1, removed: 1, changed: 12 },
      files: { added: 1, removed: 1, changed: 37, metadata: 2 },
      bytes: 2_362_915,
      setuid: 1,
      capabilities: 1,
      cves: ['CVE-2025-32462', 'CVE-2025-32463', 'CVE-2025-53859', 'CVE-2025-9230', 'CVE-2025-9231'],
      high: 4,
    },
    hazards: fixtureHazards,
    sonames: fixtureSonames,
    advisories: fixtureAdvisories,
    bootOrder: fixtureBootOrder,
    node: fixtureNode,
    packages: [...packages.slice(0, 4), removed, ...packages.slice(4), added],
    files,
  }
}

/** As {@link fixtureDiff} with 20,000 files more. */
export function largeDiff(diff: ImageDiff): ImageDiff {
  const more = Array.from({ length: 20_000 }, (_, index): FileChange => {
    const path = `/usr/share/doc/package-${index % 300}/file-${index}`
    return { kind: 'file', risk: 'none', reasons: [], change: 'added', path, owner: 'package:docs', after: plain(path) }
  })
  return { ...diff, files: [...diff.files, ...more] }
}

/** As {@link fixtureDiff} with names and texts that try to be markup, to turn the line around, or to never end. */
export function hostileDiff(diff: ImageDiff): ImageDiff {
  const bad = '<img src=x onerror="document.title=\'owned\'">\u202egnp.exe'
  const long = `/usr/share/${'very-long-name-'.repeat(40)}end`
  return {
    ...diff,
    hazards: [
      { id: bad, title: bad, happens: long, todo: bad, evidence: [bad, long] },
      { id: "'; rm -rf /", title: long, happens: bad, todo: long, evidence: [] },
      { id: 'ctrl\u0003', title: 'ctrl', happens: bad, todo: bad, evidence: [] },
    ],
    sonames: [{ soname: bad, neededBy: [{ package: long, paths: [bad, long] }], providedBefore: [bad] }],
    advisories: [{ change: 'brought', id: bad, title: long, severity: bad, package: bad, from: long, to: bad }],
    bootOrder: [bad, long],
    node: [
      {
        ...{ kind: 'node', risk: 'high', reasons: [bad, long], change: 'added', part: 'trigger', name: bad },
        facts: [
          { name: 'run', after: long },
          { name: 'paths', added: [bad], removed: [] },
        ],
      },
      ...(diff.node ?? []),
    ],
    packages: [upgraded(bad, bad, long, { risk: 'high', reasons: [bad, long], cves: [bad] }), ...diff.packages],
    files: [
      {
        kind: 'file',
        risk: 'high',
        reasons: [bad],
        change: 'changed',
        path: `/etc/${bad}`,
        owner: 'spec',
        before: plain('a'),
        after: plain('b'),
        details: {
          format: bad,
          facts: [
            { name: long, added: [bad, long], removed: [bad] },
            { name: bad, before: bad, after: long },
          ],
          members: [
            { path: bad, change: 'changed', text: `+${bad}\n` },
            {
              path: long,
              change: 'changed',
              details: { format: bad, facts: [{ name: bad, before: long }], members: [{ path: bad, change: 'added' }] },
            },
          ],
        },
        text: `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-if (admin) {\n+if (admin\u202e ) {\u2066// ${bad}\n+${long}\n`,
      },
      { kind: 'file', risk: 'high', reasons: [], change: 'added', path: long, owner: 'spec', after: plain('c') },
      ...diff.files,
    ],
  }
}
