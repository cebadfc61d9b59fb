import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig, refuseToOpen } from '../../src/server/config.ts'

describe('readConfig()', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 8080,
      probePort: null,
      databaseUrl: 'sqlite:./data/pinwheel.db',
      adminKey: null,
      rateLimit: null,
      allowedOrigins: new Set(),
      logLevel: 'info',
      workers: 1,
      allowsPrivateTargets: false,
    })
  })

  it('reads origins as a browser sends them', () => {
    const { allowedOrigins } = readConfig({ ALLOWED_ORIGINS: 'https://shop.example, http://localhost:3000,' })
    expect([...allowedOrigins]).toEqual(['https://shop.example', 'http://localhost:3000'])
    expect(readConfig({ ALLOWED_ORIGINS: '*' }).allowedOrigins).toEqual(new Set(['*']))
  })

  it.each([
    'shop.example',
    'https://shop.example/',
    'https://Shop.example',
    'https://*.shop.example',
    'null',
    'file:///x',
  ])('refuses %s, which no browser sends as an origin', ALLOWED_ORIGINS => {
    expect(() => readConfig({ ALLOWED_ORIGINS })).toThrow('ALLOWED_ORIGINS must have origins like')
  })

  it.each(['100', '0/s', '100/w', '1e3/s', '-5/s'])('refuses a rate like %s', RATE_LIMIT => {
    expect(() => readConfig({ RATE_LIMIT })).toThrow('RATE_LIMIT must be like')
    expect(readConfig({ RATE_LIMIT: '100/s' }).rateLimit).toBe('100/s')
  })

  it.each(['70000', '-1', '80.5', 'http', '8080'])('refuses %s as the port of probes', PROBE_PORT => {
    expect(() => readConfig({ PROBE_PORT })).toThrow('PROBE_PORT must be')
    expect(readConfig({ PROBE_PORT: '8081' }).probePort).toBe(8081)
  })

  it('names every fault at once', () => {
    expect(() => readConfig({ PORT: '80a', LOG_LEVEL: 'loud', PINWHEEL_ADMIN_KEY: 'short' })).toThrow(
      /PORT must be .*LOG_LEVEL must be .*PINWHEEL_ADMIN_KEY must have/,
    )
  })
})

describe('refuseToOpen()', () => {
  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.example.org'])('refuses %s without a live key', host => {
    expect(() => refuseToOpen({ host }, false)).toThrow(ConfigError)
    expect(() => refuseToOpen({ host }, true)).not.toThrow()
  })

  it.each(['127.0.0.1', '127.0.0.53', '::1', 'localhost'])('accepts %s with or without one', host => {
    expect(() => refuseToOpen({ host }, false)).not.toThrow()
    expect(() => refuseToOpen({ host }, true)).not.toThrow()
  })
})
