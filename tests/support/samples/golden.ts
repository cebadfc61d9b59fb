// Reference values that an independent implementation computed in 50 digits; see tests/golden.
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

/** The parsed `tests/golden/<name>.json`. */
export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../golden/${name}.json`, import.meta.url), 'utf8')) as T
}

/**
 * `|actual − expected| ≤ tolerance · max(1, |expected|)`; null equals null only. `where` names the
 * case in the failure.
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
