import { describe, expect, it } from 'vitest'
import { isPublicAddress, targetFault } from '../../src/webhooks/target.ts'

const CLOSED = [
  '127.0.0.1',
  '127.8.8.8',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.100.100.200',
  '192.0.0.192',
  '198.18.0.1',
  '203.0.113.7',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  'fe80::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
]

const OPEN = ['8.8.8.8', '1.1.1.1', '172.15.255.255', '172.32.0.1', '100.63.0.1', '169.253.0.1', '2606:4700:4700::1111']

describe('isPublicAddress()', () => {
  it.each(CLOSED)('is false for %s', address => expect(isPublicAddress(address)).toBe(false))
  it.each(OPEN)('is true for %s', address => expect(isPublicAddress(address)).toBe(true))
  it('is false for text that is not an address', () => expect(isPublicAddress('example.com')).toBe(false))
})

describe('targetFault()', () => {
  it.each(CLOSED)('refuses %s, unless private addresses are allowed', address => {
    const url = `http://${address.includes(':') ? `[${address}]` : address}/hook`
    expect(targetFault(url, false)).toContain('private address')
    expect(targetFault(url, true)).toBeNull()
  })

  it.each(['http://2130706433/', 'http://0x7f.1/', 'http://127.1/', 'http://017700000001/', 'http://１２７.0.0.1/'])(
    'sees through %s',
    url => expect(targetFault(url, false)).toContain('private address'),
  )

  it.each([
    'https://example.com/hooks?a=b',
    'http://8.8.8.8:8080/',
    'https://[2606:4700:4700::1111]/',
    'http://localhost/',
  ])('lets %s pass, as far as its text tells', url => expect(targetFault(url, false)).toBeNull())

  it.each([
    ['', 'must be an address'],
    ['example.com', 'must be an address'],
    ['/hooks', 'must be an address'],
    ['ftp://example.com', 'must begin with'],
    ['file:///etc/passwd', 'must begin with'],
    ['javascript:alert(1)', 'must begin with'],
    ['https://user:secret@example.com', 'name or a password'],
    [`https://example.com/${'x'.repeat(2_000)}`, 'at most 2000'],
  ])('refuses %j', (url, reason) => {
    expect(targetFault(url, false)).toContain(reason)
    expect(targetFault(url, true)).toContain(reason)
  })
})
