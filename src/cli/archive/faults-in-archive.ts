import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArchivedFile } from '../../bandit/archive.ts'
import { sha256Of } from './put-file.ts'

/** A sentence for each file that is not in the folder of the archive as it was written. */
export function faultsInArchive(folder: string, files: readonly ArchivedFile[]): string[] {
  return files.flatMap(({ file, sha256 }) => {
    const path = join(folder, file)
    if (!existsSync(path)) return `${path} is not there`
    return sha256Of(readFileSync(path)) === sha256 ? [] : `${path} was changed`
  })
}
