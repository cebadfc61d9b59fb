// The bucket of a text: the same on every machine and without a salt, since a model that was
// trained elsewhere must find the same buckets.

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const encoder = new TextEncoder()

/**
 * A 32-bit hash of the text's UTF-8 bytes: FNV-1a (Fowler, Noll & Vo 1991) and the finaliser of
 * MurmurHash3 (Appleby 2011), which spreads FNV's weak last bits.
 */
export function hashText(text: string): number {
  let hash = FNV_OFFSET
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, FNV_PRIME)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The bucket, from 0, of a feature's text: that of `key ‖ 0x00 ‖ text`. */
export function bucketOf(key: string, text: string, buckets: number): number {
  return hashText(`${key}\0${text}`) % buckets
}
