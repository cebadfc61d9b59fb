// Values that an independent implementation computed in 50 digits. They lie beside the repository, not in it.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/**
 * The parsed `../shared/golden/<name>.json`, or null where the folder is absent: the caller skips, loudly.
 *
 * @throws Error in CI, where golden values must not be missing.
 */
export function readGolden<T>(name: string): T | null {
  const path = fileURLToPath(new URL(`../../../shared/golden/${name}.json`, import.meta.url))
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T
  if (process.env.CI) throw new Error(`Cannot test against golden values: ${path} is missing`)
  console.warn(`SKIPPED: golden values of ${name}, because ${path} is missing`)
  return null
}

/**
 * `|actual − expected| ≤ tolerance · max(1, |expected|)`; null equals null only. `where` names the case in the failure.
 */
export function expectGolden(
  actual: number | null | undefined,
  expected: number | null | undefined,
  where = '',
  tolerance = 1e-9,
): void {
  if (actual == null || expected == null) {
    expect(actual ?? null, where).toBe(expected ?? null)
    return
  }
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected))
  expect(error, `${where}: ${actual} should be ${expected}`).toBeLessThanOrEqual(tolerance)
}
