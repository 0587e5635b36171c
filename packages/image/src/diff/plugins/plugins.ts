import { ar } from './ar.ts'
import { certificate } from './certificate.ts'
import { compressed } from './compressed.ts'
import { cpio } from './cpio.ts'
import { elf } from './elf.ts'
import { kernelConfig } from './kernel-config.ts'
import { pythonBytecode } from './python-bytecode.ts'
import { sqlite } from './sqlite.ts'
import { systemdUnit } from './systemd-unit.ts'
import { tar } from './tar.ts'
import { HEAD_BYTES, type Plugin } from './types.ts'
import { zip } from './zip.ts'

/** Every kind of file that the diff reads; the first that wants a file has it. */
export const plugins: readonly Plugin[] = [
  elf,
  compressed,
  ar,
  tar,
  cpio,
  zip,
  sqlite,
  pythonBytecode,
  certificate,
  kernelConfig,
  systemdUnit,
]

/** The plug-in for a file by its path and bytes. */
export function pluginFor(path: string, bytes: Buffer): Plugin | undefined {
  const head = bytes.subarray(0, HEAD_BYTES)
  return plugins.find((plugin) => plugin.wants(path, head))
}
