import { describe, expect, it } from 'vitest'
import { fileName } from '../../src/http/answer.ts'

describe('fileName()', () => {
  it('is quoted as it is where nothing in it means anything', () => {
    expect(fileName('spring-email.v2_report.csv')).toBe('filename="spring-email.v2_report.csv"')
  })

  it.each(['a"b', 'a;b', 'a\\b', 'a/b', 'a\r\nX: 1', 'é', 'a b', '%22', '\0'])(
    'lets nothing out of its quotes: %j',
    name => {
      expect(fileName(name)).toMatch(/^filename="[\w.-]+"$/)
    },
  )
})
