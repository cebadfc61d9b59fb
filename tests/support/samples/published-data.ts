// Real experiments with published results. They lie beside the repository, not in it, because they
// are not ours to give away.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'csv-parse/sync'

export const DATA_FOLDER = fileURLToPath(new URL('../../../../shared/data', import.meta.url))

/** True where the data is. Where it is not, the caller skips, loudly. */
export function hasPublishedData(): boolean {
  if (existsSync(DATA_FOLDER)) return true
  console.warn(`SKIPPED: published experiments, because ${DATA_FOLDER} is missing`)
  return false
}

export function readCsv(file: string): Record<string, string>[] {
  return parse(readFileSync(`${DATA_FOLDER}/${file}`), { columns: true, bom: true }) as Record<string, string>[]
}

export function readExpected<Shape>(): Shape {
  return JSON.parse(readFileSync(`${DATA_FOLDER}/expected.json`, 'utf8')) as Shape
}
