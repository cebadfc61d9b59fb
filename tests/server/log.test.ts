import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/server/log.ts'
import { secretOf } from '../support/http/keys.ts'

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  let lines = ''
  write(
    createLog('info', line => {
      lines += line
    }),
  )
  return lines
}

describe('createLog()', () => {
  it.each(['authorization', 'x-api-key', 'cookie', 'set-cookie'])('shows no %s, wherever it stands', name => {
    const headers = { [name]: 'correct-horse-battery-staple', accept: 'text/plain' }
    for (const fields of [headers, { headers }, { request: { headers } }, { err: { request: { headers } } }]) {
      const line = logged(log => log.info(fields, 'asked'))
      expect(line).toContain('text/plain')
      expect(line).not.toContain('correct-horse')
    }
  })

  it.each(['sk', 'pk'] as const)('shows no %s key in an address, a message or a stack', kind => {
    const secret = secretOf(kind)
    const line = logged(log => {
      log.info({ path: `/experiments/${secret}?key=${secret}` }, `asked for ${secret}`)
      log.error({ err: new Error(`Cannot read ${secret}`) }, 'failed')
    })
    expect(line.match(/pw_[sp]k_\[Redacted\]/g)?.length).toBeGreaterThanOrEqual(4)
    expect(line).not.toContain(secret.slice(6))
  })

  it('shows no secret of a webhook', () => {
    const line = logged(log => log.info({ webhook: { secret: 'whsec_c2VjcmV0/c2Vj+cmV0==' } }, 'made'))
    expect(JSON.parse(line).webhook).toEqual({ secret: 'whsec_[Redacted]' })
  })

  it('writes one line of JSON each', () => {
    const lines = logged(log => {
      log.info({ status: 200 }, 'asked')
      log.debug('not this one')
      log.error('failed')
    })
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).msg),
    ).toEqual(['asked', 'failed'])
  })
})
