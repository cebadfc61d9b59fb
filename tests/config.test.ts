import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

describe('readConfig()', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 8080,
      databaseUrl: 'sqlite:./data/pinwheel.db',
      adminKey: null,
      logLevel: 'info',
      allowsPrivateTargets: false,
    })
  })

  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.example.org'])('refuses to open %s without a key', HOST => {
    expect(() => readConfig({ HOST })).toThrow(ConfigError)
    expect(readConfig({ HOST, PINWHEEL_ADMIN_KEY: 'a-key-of-16-characters' }).host).toBe(HOST)
  })

  it.each(['127.0.0.1', '127.0.0.53', '::1', 'localhost'])('listens on %s without a key', HOST => {
    expect(readConfig({ HOST }).adminKey).toBeNull()
  })

  it('names every fault at once', () => {
    expect(() => readConfig({ PORT: '80a', LOG_LEVEL: 'loud', PINWHEEL_ADMIN_KEY: 'short' })).toThrow(
      /PORT must be .*LOG_LEVEL must be .*PINWHEEL_ADMIN_KEY must have/,
    )
  })
})
