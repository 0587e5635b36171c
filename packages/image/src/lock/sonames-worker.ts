import { serveThread } from '../package-thread.ts'
import { noteSonames } from './sonames-note.ts'

serveThread(noteSonames)
