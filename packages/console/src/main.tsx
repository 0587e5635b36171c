import '@mantine/core/styles/baseline.css'
import '@mantine/core/styles/default-css-variables.css'
import '@mantine/core/styles/global.css'
import '@mantine/core/styles/UnstyledButton.css'
import '@mantine/core/styles/CloseButton.css'
import '@mantine/core/styles/Paper.css'
import '@mantine/core/styles/Overlay.css'
import '@mantine/core/styles/Popover.css'
import '@mantine/core/styles/ModalBase.css'
import '@mantine/core/styles/Modal.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/parts.css'
import './styles/waves.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { startLive } from './api/live.ts'
import { ApiFailure } from './api/problem.ts'
import { makeRouter } from './router.tsx'
import { LiveContext } from './shell/live-context.ts'
import { cssVariables, schemeManager, theme } from './theme.ts'
import { touchNow } from './ui/now.ts'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What changed is told by the event stream; going back to a view draws at once and asks again behind.
      staleTime: 1_000,
      retry: (failures, error) => failures < 1 && error instanceof ApiFailure && error.problem.status === 0,
      retryDelay: 500,
    },
  },
})
client.getQueryCache().subscribe((event) => {
  if (event.type === 'updated' && event.action.type === 'success') touchNow()
})

const live = startLive(client)
const router = makeRouter()
const scheme = schemeManager()
const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no element with the id root')

createRoot(place).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={scheme}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={client}>
        <LiveContext value={live}>
          <RouterProvider router={router} />
        </LiveContext>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
