import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { statusQuery } from '../api/queries.ts'
import { useKeys } from '../ui/keys.ts'
import { Text } from '../ui/text.tsx'
import { Help } from './help.tsx'
import { LiveIndicator } from './live-indicator.tsx'
import { ThemeToggle } from './theme-toggle.tsx'

/** The frame of every view. The menu follows the line of data: images are reviewed, rolled out, and end on nodes. */
export function Shell() {
  const [help, setHelp] = useState(false)
  const navigate = useNavigate()
  const status = useQuery(statusQuery)
  const attention = status.data?.attention.length ?? 0
  useKeys({
    'g h': () => void navigate({ to: '/' }),
    'g i': () => void navigate({ to: '/images' }),
    'g r': () => void navigate({ to: '/rollouts' }),
    'g f': () => void navigate({ to: '/nodes' }),
    'g a': () => void navigate({ to: '/audit' }),
    '?': () => setHelp(true),
  })
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="rail">
        <div className="brand">
          <span className="brand-name">Holotype</span>
          <span className="brand-distribution">
            {status.data === undefined ? null : <Text>{status.data.distribution}</Text>}
          </span>
        </div>
        <nav aria-label="Views" className="menu">
          <Link to="/" activeOptions={{ exact: true }}>
            Home
            {attention === 0 ? null : (
              <span className="menu-count" title={`${attention} need attention`}>
                {attention}
              </span>
            )}
          </Link>
          <Link to="/images">Images</Link>
          <Link to="/rollouts">Rollouts</Link>
          <Link to="/nodes">Fleet</Link>
          <Link to="/audit">Audit log</Link>
        </nav>
        <div className="rail-foot">
          <LiveIndicator />
          <span className="rail-buttons">
            <ThemeToggle />
            <button
              type="button"
              className="button quiet"
              aria-label="Keyboard help"
              title="Keyboard help"
              onClick={() => setHelp(true)}
            >
              ?
            </button>
          </span>
        </div>
      </div>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Help opened={help} onClose={() => setHelp(false)} />
    </div>
  )
}
