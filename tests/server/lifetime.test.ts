import { afterEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../../src/server/config.ts'
import { printStartupMessage } from '../../src/server/lifetime.ts'

describe('printStartupMessage()', () => {
  afterEach(() => vi.restoreAllMocks())

  it.each([
    ['postgres://pinwheel:s3:cret@db/pinwheel', 'postgres://pinwheel:***@db/pinwheel'],
    ['postgres:///pinwheel?user=p&password=s3cret&host=%2Frun', 'postgres:///pinwheel?user=p&password=***&host=%2Frun'],
    ['sqlite:./data/pinwheel.db', 'sqlite:./data/pinwheel.db'],
  ])('names %s without its password', (url, told) => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    printStartupMessage(readConfig({ DATABASE_URL: url, HOST: '::1' }), 8080)
    expect(write.mock.calls).toEqual([[`Pinwheel listens on http://[::1]:8080 and keeps its data in ${told}\n`]])
  })
})
