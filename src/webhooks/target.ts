// The addresses that a webhook may have: public ones, unless the service is configured otherwise. A
// user who may configure a webhook must not reach, through the service, what only the service can
// reach (SSRF).
import { BlockList, isIP } from 'node:net'

const MAX_URL_CHARACTERS = 2_000

/**
 * The fault of a webhook's address, as far as its text shows; null: none. Names are looked up when
 * it is called.
 */
export function targetFault(text: string, allowsPrivate: boolean): string | null {
  if (text.length > MAX_URL_CHARACTERS) return `must have at most ${MAX_URL_CHARACTERS} characters`
  const url = URL.parse(text)
  if (url === null) return 'must be an address like "https://example.com/hooks"'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://'
  if (url.username !== '' || url.password !== '') return 'must not have a name or a password; messages are signed'
  if (allowsPrivate || isIP(hostOf(url)) === 0 || isPublicAddress(hostOf(url))) return null
  return `must not be a private address, as ${url.hostname} is; see WEBHOOK_PRIVATE_TARGETS`
}

/** The host as sockets want it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/**
 * False for loopback, private, link-local (where clouds keep their metadata), shared, reserved and
 * multicast addresses.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  return family === 4
    ? !CLOSED.check(address, 'ipv4')
    : OPEN_IPV6.check(address, 'ipv6') && !CLOSED.check(address, 'ipv6')
}

/** The IANA registries of special-purpose addresses (RFC 6890). */
const CLOSED = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  CLOSED.addSubnet(network, prefix, 'ipv4')
}

/** Addresses that contain an IPv4 address (6to4, Teredo), and those for documentation. */
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  CLOSED.addSubnet(network, prefix, 'ipv6')
}

/**
 * Global unicast; all else of IPv6 (loopback, mapped, NAT64, unique local, link-local, multicast)
 * is not public.
 */
const OPEN_IPV6 = new BlockList()
OPEN_IPV6.addSubnet('2000::', 3, 'ipv6')
