// The crash test on PostgreSQL in small, and that it would see what is lost: losses are made on
// purpose, and each must be found.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { crash } from '../../scripts/crash/crash.ts'
import { type PostgresSite, startLoneServer } from '../../scripts/crash/postgres.ts'
import { scratchFolder } from '../support/scratch.ts'

/** Starts several processes; on a busy machine one takes seconds. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let folder: string
let site: PostgresSite
beforeEach(async () => {
  folder = scratchFolder()
  mkdirSync(join(folder, 'services'))
  site = await startLoneServer(join(folder, 'server'))
})
afterEach(async () => {
  await site.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

describe('crash()', () => {
  it('finds what was lost on purpose, and nothing else', async () => {
    // The first ones were acknowledged long before the kill; of the last ones nobody may have
    // heard.
    const unitOf = (rank: number) => `(SELECT unit FROM assignments ORDER BY assigned_at, unit OFFSET ${rank} LIMIT 1)`
    const damages = [
      `DELETE FROM assignments WHERE unit = ${unitOf(0)}`,
      `UPDATE assignments SET arm = (arm + 1) % 3 WHERE unit = ${unitOf(1)}`,
      `DELETE FROM rewards WHERE (unit, metric, sequence) IN
         (SELECT unit, metric, max(sequence) FROM rewards WHERE counted AND unit IN
           (SELECT unit FROM assignments ORDER BY assigned_at, unit OFFSET 2)
           GROUP BY unit, metric ORDER BY max(at), unit LIMIT 1)`,
    ]
    const meddle = async () => {
      for (const damage of damages) await site.query('pinwheel', damage)
    }
    const options = {
      site,
      folder: join(folder, 'services'),
      kills: 2,
      victims: ['database' as const],
      seed: 1,
      replicas: 1,
      meddle,
    }
    const { losses, ...result } = await crash(options)
    expect(result).toMatchObject({ audits: 1, kills: { 'database under load': 2 } })
    expect(result.fallbacks).toBeGreaterThan(0)
    const ofRecord = losses.filter(loss => !loss.startsWith('verify:'))
    expect(ofRecord).toHaveLength(damages.length)
    expect(ofRecord).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/: was acknowledged, and is not in the database$/),
        expect.stringMatching(/: arm is \w+, acknowledged \w+$/),
        expect.stringMatching(/: the rewards of \w+ are \d+ with the sum -?\d+, acknowledged/),
      ]),
    )
    expect(losses.length).toBeGreaterThan(ofRecord.length)
  })
})
