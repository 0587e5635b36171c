import { createContext } from 'react'
import type { Live } from '../api/live.ts'

/** The page's connection to the server. */
export const LiveContext = createContext<Live | undefined>(undefined)
