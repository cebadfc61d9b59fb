import { brotliCompressSync, constants } from 'node:zlib'

/** As small as brotli makes a text that repeats itself. */
export function brotli(text: string): Buffer {
  return brotliCompressSync(text, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 },
  })
}
