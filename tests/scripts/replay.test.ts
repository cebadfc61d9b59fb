// Replays against the real service.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DatedOutcome, type DatedRecording, replayDays } from '../../scripts/replay/replay-days.ts'
import { NOTHING, type Outcome, type Recording, unitNames } from '../../src/cli/demo/recording.ts'
import { replayUnits } from '../../src/cli/demo/replay-units.ts'
import { type Assignment, type RewardEvent, Session } from '../../src/cli/demo/session.ts'
import { Client } from '../../src/cli/service/client.ts'
import { type Service, startService } from '../support/http/service.ts'

let service: Service
let client: Client
beforeEach(async () => {
  service = await startService()
  client = new Client({ url: new URL(service.url), key: null, onNotice: () => {} })
})
afterEach(async () => {
  await service.close()
})

const success: Outcome = { rewards: [{ metric: 'visit', value: 1 }] }

/**
 * 40 outcomes of control, of which every fourth is a success; 100 of mens, of which every second
 * is.
 */
const emails: Recording = {
  name: 'emails',
  definition: {
    description: 'Two e-mails',
    arms: [{ key: 'control' }, { key: 'mens' }],
    metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
  },
  outcomes: new Map([
    ['control', Array.from({ length: 40 }, (_, index) => (index % 4 === 0 ? success : NOTHING))],
    ['mens', Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? success : NOTHING))],
  ]),
  inFlight: 8,
}

interface ArmCounts {
  readonly arm: string
  readonly units: number
  readonly mean: number
}

async function armsOf(key: string): Promise<ArmCounts[]> {
  const { body } = await service.call('GET', `/experiments/${key}/report`)
  return body.arms
}

describe('replayUnits()', () => {
  it('goes on until an arm is used up; the service has counted each outcome once', async () => {
    const session = await Session.open(client, 'emails', emails, 'uniform')
    const played = await replayUnits(session, emails, unitNames(emails, 140), () => {})
    expect(played.usedUp).toBe('control')
    const [control, mens] = await armsOf('emails')
    expect(control).toMatchObject({ arm: 'control', units: 40, mean: 10 / 40 })
    expect(mens?.mean).toBeCloseTo(Math.ceil((mens?.units ?? 0) / 2) / (mens?.units ?? 0), 12)
    expect(played.units).toBe(40 + (mens?.units ?? 0))
    expect(session.counts).toMatchObject({ assigned: played.units, kept: 0, duplicate: 0, late: 0 })
  })

  it('goes on where an earlier replay of the same name stopped: same arms, no outcome counted twice', async () => {
    const first = await Session.open(client, 'emails', emails, 'uniform')
    await replayUnits(first, emails, unitNames(emails, 30), () => {})
    const second = await Session.open(client, 'emails', emails, 'uniform')
    const played = await replayUnits(second, emails, unitNames(emails, 140), () => {})
    expect(second.counts).toMatchObject({ assigned: played.units - 30, kept: 30, duplicate: first.counts.recorded })
    expect((await armsOf('emails'))[0]).toMatchObject({ units: 40, mean: 10 / 40 })
  })

  it('stops in a sentence when the experiment is paused under it', async () => {
    const session = await Session.open(client, 'emails', emails, 'uniform')
    await service.call('POST', '/experiments/emails/pause')
    const replay = replayUnits(session, emails, unitNames(emails, 140), () => {})
    await expect(replay).rejects.toThrow('Cannot continue: the experiment "emails" is not running any more (paused)')
  })
})

describe('Session', () => {
  it('open() does not touch an experiment of the same name that is another', async () => {
    await Session.open(client, 'emails', emails, 'uniform')
    const other = { ...emails, definition: { ...emails.definition, description: 'Two e-mails; shuffled by seed 2' } }
    await expect(Session.open(client, 'emails', other, 'uniform')).rejects.toThrow('choose another name with --name')
    await expect(Session.open(client, 'emails', emails, 'thompson')).rejects.toThrow('its policy is uniform')
    await service.call('POST', '/experiments/emails/stop')
    await expect(Session.open(client, 'emails', emails, 'uniform')).rejects.toThrow('it was stopped')
  })

  it('reward() fails for a unit that the service does not know: an assignment would have been lost', async () => {
    const session = await Session.open(client, 'emails', emails, 'uniform')
    await expect(session.reward([{ unit: 'ghost', metric: 'visit', value: 1 }])).rejects.toThrow(
      'The reward of "ghost" was not accepted: unassigned',
    )
  })
})

describe('replayDays()', () => {
  const later = (delayDays: number, day: number): DatedOutcome => ({ ...success, delayDays, day })
  /** Two letters on day 0 and two on day 3; both arms have the same outcomes. */
  const outcomes = [later(5, 0), later(-4, 0), later(1, 3), later(9, 3)]
  const letters: DatedRecording = {
    ...emails,
    name: 'letters',
    definition: {
      ...emails.definition,
      description: 'Letters',
      metrics: [{ key: 'visit', type: 'binary', role: 'primary', window: '6ms' }],
    },
    outcomes: new Map([
      ['control', outcomes],
      ['mens', outcomes],
    ]),
    days: [0, 0, 3, 3],
    dayMs: 1,
    isSameDay: false,
  }

  /** What the session was asked, in order. */
  function watch(session: Session) {
    const told: string[] = []
    const events: RewardEvent[] = []
    return {
      told,
      events,
      async assign(unit: string): Promise<Assignment> {
        told.push(unit)
        return { ...(await session.assign(unit)), arm: 'mens' }
      },
      async reward(due: readonly RewardEvent[]): Promise<void> {
        for (const { unit } of due) told.push(`reward of ${unit}`)
        events.push(...due)
        await session.reward(due)
      },
    }
  }

  it('keeps the order of days: letters first, then the rewards that are due', async () => {
    const watched = watch(await Session.open(client, 'letters', letters, 'uniform'))
    const units = unitNames(letters, 4)
    const [a, b, c, d] = units
    const days: number[] = []
    await replayDays(watched, letters, units, day => days.push(day))
    // Day 0: a, b, and b's reward, dated before its letter. Day 3: c, d. Day 4: c's. Day 5: a's.
    // Day 12: d's.
    const rewards = [b, c, a, d].map(unit => `reward of ${unit}`)
    expect(watched.told).toEqual([a, b, rewards[0], c, d, rewards[1], rewards[2], rewards[3]])
    expect(days.at(-1)).toBe(12)
  })

  it('dates rewards from the kept assignment; the service counts those within the window only', async () => {
    const session = await Session.open(client, 'letters', letters, 'uniform')
    const watched = watch(session)
    await replayDays(watched, letters, unitNames(letters, 4), () => {})
    expect(watched.events.map(({ at }) => (at ?? 0) - service.now)).toEqual([-4, 1, 5, 9])
    expect(session.counts).toMatchObject({ recorded: 2, late: 2 })
  })

  it('tells by how many days the outcomes of an arm lag behind its units; on the same day they do not', async () => {
    const units = unitNames(letters, 4)
    const late = { ...letters, days: [0, 3, 3, 3] }
    const played = await replayDays(watch(await Session.open(client, 'late', late, 'uniform')), late, units, () => {})
    expect([...played.lagDays]).toEqual([['mens', 3 / 4]])

    const same = { ...late, isSameDay: true }
    const watched = watch(await Session.open(client, 'same', same, 'uniform'))
    const matched = await replayDays(watched, same, units, () => {})
    expect([...matched.lagDays]).toEqual([['mens', 0]])
    expect(matched.units).toBe(3) // day 3 has outcomes for two of its three letters
  })
})
