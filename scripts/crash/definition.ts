// The experiment of the load, and what the client knows of its changes: one under way at a time,
// each acknowledged one a version of its own that stays, and none made twice.
import type { Chance } from '../../src/stats/numerics/chance.ts'
import { drawOne } from './chance.ts'

export const EXPERIMENT = 'crash'

interface Arm {
  readonly key: string
  readonly retired?: boolean
}

export interface Definition {
  readonly key: string
  readonly description: string
  readonly arms: readonly Arm[]
  readonly metrics: readonly object[]
  readonly policy: { readonly type: string; readonly exploration?: number }
}

/** The visit of a unit is a small sum, its spend a large one: neither reaches its range's end. */
export const DEFINITION: Definition = {
  key: EXPERIMENT,
  description: 'as it was first defined',
  arms: [{ key: 'control' }, { key: 'a' }, { key: 'b' }],
  metrics: [
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'spend', type: 'continuous', role: 'secondary', range: [-1_000_000_000, 1_000_000_000] },
  ],
  policy: { type: 'thompson', exploration: 0.1 },
}

/** Created and started. */
const FIRST_VERSION = 2

const FEWEST_ACTIVE = 2
const MOST_ACTIVE = 5
/** Retired ones count. */
const MOST_ARMS = 60

/** An experiment as the service shows it, or as its file has it. */
export interface Shown {
  readonly version: number
  readonly description: string
  readonly arms: readonly Arm[]
  readonly policy: { readonly type: string }
}

export interface HistoryEntry {
  readonly version: number
  readonly changes: unknown
}

export class DefinitionRecord {
  readonly #graceMs: number
  /** Arm → when it was acknowledged as retired. */
  readonly #retiredAt = new Map<string, number>()
  #definition = DEFINITION
  #asked: Definition | null = null
  #version = FIRST_VERSION
  #changes = 0
  /** Version → its description. */
  readonly #acknowledged = new Map<number, string>()

  /**
   * `graceMs`: for so long after a change another process may still give an arm that it has
   * retired.
   */
  constructor(graceMs = 0) {
    this.#graceMs = graceMs
  }

  /** The last one that was acknowledged. */
  get version(): number {
    return this.#version
  }

  get changes(): number {
    return this.#acknowledged.size
  }

  /** A change has no answer yet: another one must wait. */
  get isAsked(): boolean {
    return this.#asked !== null
  }

  /**
   * Arms that were acknowledged as retired, so long ago that nobody may give them any more. None
   * comes back.
   */
  get retired(): ReadonlySet<string> {
    const before = performance.now() - this.#graceMs
    return new Set([...this.#retiredAt].filter(([, at]) => at <= before).map(([key]) => key))
  }

  /** An arm more, an arm less, or another policy. */
  change(chance: Chance): Definition {
    const { arms } = this.#definition
    const description = `change ${++this.#changes}`
    const retirable = arms.filter(({ key, retired }) => key !== 'control' && !retired)
    const kind = chance()
    let asked: Definition = { ...this.#definition, description }
    if (kind < 0.3 && retirable.length + 1 < MOST_ACTIVE && arms.length < MOST_ARMS) {
      asked = { ...asked, arms: [...arms, { key: `arm-${arms.length}` }] }
    } else if (kind < 0.6 && retirable.length > FEWEST_ACTIVE - 1) {
      const last = drawOne(retirable, chance)
      asked = { ...asked, arms: arms.map(arm => (arm === last ? { ...arm, retired: true } : arm)) }
    } else {
      const type = asked.policy.type === 'thompson' ? 'exploration' : 'thompson'
      asked = { ...asked, policy: { type, exploration: chance() < 0.5 ? 0.1 : 0.3 } }
    }
    this.#asked = asked
    return asked
  }

  /** The answer to the change under way. Answers what is wrong with it. */
  hear(shown: Shown): string[] {
    if (this.#asked === null) throw new TypeError('No change is under way')
    const expected = { ...this.#asked, version: this.#version + 1 }
    this.#definition = this.#asked
    this.#version += 1
    for (const { key, retired } of this.#asked.arms) {
      if (retired && !this.#retiredAt.has(key)) this.#retiredAt.set(key, performance.now())
    }
    this.#acknowledged.set(this.#version, this.#asked.description)
    this.#asked = null
    return differences(expected, shown)
  }

  /**
   * What is wrong with the experiment and its history, which may be ahead by the change that has no
   * answer.
   */
  lossesIn(shown: Shown, history: readonly HistoryEntry[], since: number = this.#version): string[] {
    const losses: string[] = []
    const expected = [...this.#acknowledged].filter(([version]) => version <= since)
    for (const [version, description] of expected) {
      const entry = history.find(each => each.version === version)
      if (JSON.stringify(entry?.changes ?? null).includes(`"${description}"`)) continue
      losses.push(`version ${version} (${description}) was acknowledged, and is not in the history`)
    }
    if (history.some(({ version }, position) => version !== position + 1) || history.length !== shown.version) {
      losses.push(`the history of version ${shown.version} has the versions ${history.map(each => each.version)}`)
    }
    if (shown.version < since) losses.push(`version ${since} was acknowledged, and version ${shown.version} is there`)
    if (shown.version === this.#version)
      losses.push(...differences({ ...this.#definition, version: this.#version }, shown))
    if (shown.version === this.#version + 1 && this.#asked !== null) {
      losses.push(...differences({ ...this.#asked, version: shown.version }, shown))
    }
    const latest = this.#version + (this.#asked === null ? 0 : 1)
    if (shown.version > latest)
      losses.push(`version ${shown.version} is there, and nobody asked for more than ${latest}`)
    return losses
  }
}

function differences(expected: Shown, shown: Shown): string[] {
  const [here, there] = [expected, shown].map(({ version, description, arms, policy }) =>
    JSON.stringify([version, description, arms.map(({ key, retired = false }) => [key, retired]), policy.type]),
  )
  return here === there ? [] : [`the experiment is ${there}, acknowledged ${here}`]
}
