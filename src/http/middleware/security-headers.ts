// What every answer tells a browser not to do. The headers are helmet's, asked for once: as a
// middleware it would work them out again for each request.

import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet, { type HelmetOptions } from 'helmet'
import { PAGE_CSS } from '../../views/html/page-style.ts'
import { PLOT_SHEET } from '../../views/svg/plot-style.ts'

/**
 * The style sheets that stand within a page or a plot; any other, and every script within a page,
 * is refused.
 */
const INLINE_STYLES = [PAGE_CSS, PLOT_SHEET].map(css => `'sha256-${hash('sha256', css, 'base64')}'`)

export const HELMET_OPTIONS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      scriptSrc: ["'self'"],
      scriptSrcAttr: ["'none'"],
      styleSrc: ["'self'", ...INLINE_STYLES],
      // Not upgradeInsecureRequests: the service speaks plain HTTP, and a page of it must find its
      // other files.
    },
  },
}

/** In the order of helmet. */
export const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] = headersOf(HELMET_OPTIONS)

function headersOf(options: HelmetOptions): [name: string, value: string][] {
  const headers: [name: string, value: string][] = []
  const response = { setHeader: (name: string, value: string) => headers.push([name, value]), removeHeader: () => {} }
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, error => {
    if (error !== undefined) throw error
  })
  return headers
}
