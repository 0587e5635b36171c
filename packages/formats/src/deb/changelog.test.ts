import { expect, test } from 'vitest'
import { parseChangelog } from './changelog.ts'

test('entries, newest first', () => {
  const text = `openssl (3.0.11-1~deb12u2) bookworm-security; urgency=medium

  * CVE-2023-5363
    Closes: #1

 -- Sebastian A <s@example.org>  Mon, 23 Oct 2023 19:52:22 +0200

openssl (3.0.11-1) unstable experimental; urgency=HIGH, binary-only=yes

  [ A B ]
  * New upstream.

 -- A B <a@example.org>  Tue, 19 Sep 2023 21:21:35 +0200
`
  expect(parseChangelog(text)).toEqual([
    {
      version: '3.0.11-1~deb12u2',
      distribution: 'bookworm-security',
      urgency: 'medium',
      date: 'Mon, 23 Oct 2023 19:52:22 +0200',
      author: 'Sebastian A <s@example.org>',
      text: '  * CVE-2023-5363\n    Closes: #1',
    },
    {
      version: '3.0.11-1',
      distribution: 'unstable experimental',
      urgency: 'high',
      date: 'Tue, 19 Sep 2023 21:21:35 +0200',
      author: 'A B <a@example.org>',
      text: '  [ A B ]\n  * New upstream.',
    },
  ])
})

test('odd entries are read as far as they go', () => {
  const text = `Garbage first
a (1) unstable
  * no urgency
 -- A
b (2) x; urgency=low
  * no trailer
c (3) x; urgency=low
  * last
 -- C <c@example.org>  Mon

Local variables:
mode: debian-changelog
End:
`
  expect(parseChangelog(text)).toEqual([
    { version: '1', distribution: 'unstable', urgency: '', date: '', author: 'A', text: '  * no urgency' },
    { version: '2', distribution: 'x', urgency: 'low', date: '', author: '', text: '  * no trailer' },
    { version: '3', distribution: 'x', urgency: 'low', date: 'Mon', author: 'C <c@example.org>', text: '  * last' },
  ])
  expect(parseChangelog('')).toEqual([])
})
