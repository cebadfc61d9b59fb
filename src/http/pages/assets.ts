// The files that pages ask for, under an address that names their content: a browser may keep them
// for ever, and a new version has another address.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { BanditError } from '../../bandit/errors.ts'
import type { Assets } from '../../views/html/frame.ts'
import { WINDOW_CSS } from '../../views/html/window-style.ts'
import { answerBytes } from '../answer.ts'
import type { Context } from '../context.ts'

interface Asset {
  readonly type: string
  readonly bytes: Buffer
}

const FOLDER = new URL('../../views/assets/', import.meta.url)
const TYPES = { js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' } as const

const FILES = new Map<string, Asset>([
  ['page.css', { type: 'text/css; charset=utf-8', bytes: Buffer.from(WINDOW_CSS) }],
  ...readdirSync(FOLDER).flatMap((name): [string, Asset][] => {
    const type = TYPES[name.split('.').at(-1) as keyof typeof TYPES]
    return type === undefined ? [] : [[name, { type, bytes: readFileSync(new URL(name, FOLDER)) }]]
  }),
])

/** Of all files together, so that a script may import another beside it. */
const DIGEST = [...FILES]
  .reduce((hash, [name, { bytes }]) => hash.update(name).update(bytes), createHash('sha256'))
  .digest('hex')
  .slice(0, 16)

export const ASSETS: Assets = {
  style: `/assets/${DIGEST}/page.css`,
  script: `/assets/${DIGEST}/page.js`,
  icon: `/assets/${DIGEST}/pinwheel.svg`,
}

/** Open to everybody: there is nothing in them that is not in the source. */
export async function getAsset(
  _context: Context,
  request: Request<{ digest: string; name: string }>,
  response: ServerResponse,
): Promise<void> {
  const { digest, name } = request.params
  const asset = digest === DIGEST ? FILES.get(name) : undefined
  if (asset === undefined) throw new BanditError('not_found', 'There is no such file in this version')
  answerBytes(response, asset.bytes, {
    'Content-Type': asset.type,
    'Cache-Control': 'public, max-age=31536000, immutable',
    'X-Content-Type-Options': 'nosniff',
  })
}
