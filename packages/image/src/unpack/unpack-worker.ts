import { serveThread } from '../package-thread.ts'
import { unpackPackage } from './unpack-package.ts'

serveThread(unpackPackage)
