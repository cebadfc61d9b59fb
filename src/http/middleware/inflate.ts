// Bodies that come compressed: gzip, deflate and br, whole, and never more than the limit once they
// are unpacked, nor than some times their size, so that a small body which unpacks into gigabytes
// costs no more than an honest one.
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate as inflateZlib } from 'node:zlib'
import { BanditError } from '../../bandit/errors.ts'
import { Computations, type IsGone } from '../computations.ts'

const DECODERS = {
  gzip: promisify(gunzip),
  deflate: promisify(inflateZlib),
  br: promisify(brotliDecompress),
} as const

export type Encoding = keyof typeof DECODERS

/**
 * Beyond `FREE_BYTES` a body may be so many times as long as it was compressed; JSON of many events
 * comes to 5 to 30.
 */
const MAX_RATIO = 100
const FREE_BYTES = 1_024 * 1_024

/**
 * Bytes as they were before they were compressed; none stay none.
 *
 * @throws BanditError `body_too_large` when they are more than `limit` or than their ratio allows,
 * `invalid_request` when they are not what their encoding says, or when `isGone` before their turn
 */
export async function inflate(encoding: Encoding, bytes: Buffer, limit: number, isGone?: IsGone): Promise<Buffer> {
  if (bytes.length === 0) return bytes
  const allowed = mostUnpacked(bytes.length, limit)
  try {
    return await UNPACKINGS.run(() => DECODERS[encoding](bytes, { maxOutputLength: allowed }), isGone)
  } catch (error) {
    if (error instanceof BanditError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const most = `The body must be at most ${allowed} bytes once it is unpacked`
      const why = allowed < limit ? `, ${MAX_RATIO} times what was sent` : ''
      throw new BanditError('body_too_large', `${most}${why}; send several smaller ones`)
    }
    throw new BanditError('invalid_request', `The body cannot be unpacked: it is not ${encoding}, or was cut off`)
  }
}

/** Into how many bytes a body of `length` may unpack, where `limit` is the most for any. */
export function mostUnpacked(length: number, limit: number): number {
  return Math.min(limit, Math.max(FREE_BYTES, MAX_RATIO * length))
}

/**
 * A decoder of brotli takes 16 MB where its sender says so. As many may wait as requests may be
 * under way.
 */
const UNPACKINGS = new Computations('compressed bodies', { maxWaiting: 500 })

/** How the body is compressed; null: not at all. @throws BanditError `unsupported_media_type` */
export function encodingOf({ headers }: IncomingMessage): Encoding | null {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (encoding === 'identity') return null
  if (Object.hasOwn(DECODERS, encoding)) return encoding as Encoding
  throw new BanditError(
    'unsupported_media_type',
    `Cannot read the content encoding "${encoding}": send ${Object.keys(DECODERS).join(', ')}, or the body as it is`,
  )
}
