import { describe, expect, it } from 'vitest'
import { readMigrations } from '../../src/store/migrate.ts'

describe('readMigrations()', () => {
  it('finds the same numbers and names for both engines', () => {
    const namesOf = (engine: 'sqlite' | 'postgres') => readMigrations(engine).map(({ number, name }) => [number, name])
    expect(namesOf('postgres')).toEqual(namesOf('sqlite'))
  })
})
