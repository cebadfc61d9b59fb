// Checks the experiments periodically, a few at a time, and announces changes to the webhooks. It
// also keeps the latest report of each. The announced state is stored and compared in the store, so
// that a crash before an announcement loses nothing, and only one of several services announces.
import type { Catalogue, LiveExperiment } from '../bandit/catalogue.ts'
import { type ChangeDeps, pauseForHarm, retireArm } from '../bandit/experiment/change-experiment.ts'
import { armPosition, type Experiment } from '../bandit/experiment/experiment.ts'
import { buildReport } from '../bandit/report/report.ts'
import type { Report } from '../bandit/report/report-data.ts'
import { type ReportStore, readReportInput } from '../bandit/report/report-input.ts'
import type { WebhookStore } from '../store/port.ts'
import { type Announced, type Observation, observationsOf, stopOf } from './observations.ts'
import type { EventType, Message } from './webhook.ts'

/** The checks of one call end after this time; the next call continues. */
const BUDGET_MS = 100

/**
 * After a check that took `t`, an experiment is not checked for 50 `t`: one with 200 arms takes 300
 * ms of the thread that answers requests.
 */
const REST_FACTOR = 50

/**
 * The interval of checks for what does not appear in the growth (guardrails, windows that end,
 * silence).
 */
const IDLE_INTERVAL_MS = 60_000

/** The wait after a failed check. */
const RETRY_MS = 10_000

/** No experiment's stamp. */
const UNSEEN = ''

/**
 * A return to the quiet state, and any change of an unhurried subject, is announced at the earliest
 * this long after its last announcement.
 */
const CALM_MS = 10 * 60_000

/** The actor, in the history, of Pinwheel's own changes. */
const ACTOR = 'pinwheel'

export interface MonitorDeps extends Omit<ChangeDeps, 'store'> {
  readonly catalogue: Catalogue
  readonly store: ChangeDeps['store'] & ReportStore & Pick<WebhookStore, 'findAnnouncements' | 'announce'>
  /** A clock that only runs forward, ms; for the budget. */
  readonly elapsedMs: () => number
  /** The unique random id of a message. */
  readonly newId: () => string
}

/** An action or a failure, for the log. */
export type Seen = { readonly experiment: string } & (
  | { readonly announced: EventType; readonly details: Readonly<Record<string, unknown>> }
  | { readonly retired: string; readonly metric: string; readonly isPaused: boolean }
  /** The whole experiment, because this arm harms the guardrail. */
  | { readonly paused: string; readonly metric: string }
  | { readonly error: unknown }
)

interface Look {
  /** The experiment and its ledger as they were. */
  readonly stamp: string
  readonly at: number
  readonly notBefore: number
  readonly report: Report | null
}

export class ExperimentMonitor {
  readonly #deps: MonitorDeps
  readonly #looks = new Map<number, Look>()

  constructor(deps: MonitorDeps) {
    this.#deps = deps
  }

  /** The report of the last check, some seconds old; null before the first one. */
  latest({ id }: Experiment): Report | null {
    return this.#looks.get(id)?.report ?? null
  }

  /**
   * Checks the experiments that may have changed, the least recently checked first. Call it every
   * few seconds.
   */
  async look(now: number): Promise<Seen[]> {
    const { elapsedMs, catalogue } = this.#deps
    const seen: Seen[] = []
    const endsAt = elapsedMs() + BUDGET_MS
    for (const { experiment: listed } of this.#due(now)) {
      const live = catalogue.get(listed.definition.key)
      const startedAt = elapsedMs()
      // Before the check: what grows meanwhile is checked again.
      const stamp = stampOf(live)
      try {
        const found = await this.#lookAt(live, now, seen)
        const notBefore = now + REST_FACTOR * (elapsedMs() - startedAt)
        this.#looks.set(listed.id, { stamp, at: now, notBefore, report: found })
      } catch (error) {
        seen.push({ experiment: listed.definition.key, error })
        this.#looks.set(listed.id, { stamp: UNSEEN, at: now, notBefore: now + RETRY_MS, report: this.latest(listed) })
      }
      if (elapsedMs() >= endsAt) break
    }
    return seen
  }

  #due(now: number): LiveExperiment[] {
    const lookedAt = ({ experiment }: LiveExperiment) => this.#looks.get(experiment.id)?.at ?? Number.NEGATIVE_INFINITY
    return this.#deps.catalogue
      .all()
      .filter(live => {
        const { status, id } = live.experiment
        const last = this.#looks.get(id)
        if (status === 'draft') return false
        if (last === undefined) return true
        if (now < last.notBefore) return false
        return last.stamp !== stampOf(live) || (status !== 'stopped' && now - last.at >= IDLE_INTERVAL_MS)
      })
      .sort((one, other) => lookedAt(one) - lookedAt(other))
  }

  /** Null for a stopped experiment: only its stop is announced. */
  async #lookAt({ experiment }: LiveExperiment, now: number, seen: Seen[]): Promise<Report | null> {
    const { store } = this.#deps
    const announced: Announced = new Map(
      (await store.findAnnouncements(experiment.id)).map(each => [each.subject, each]),
    )
    if (experiment.status === 'stopped') {
      await this.#announce(experiment, stopOf(experiment), announced, now, seen)
      return null
    }
    let input = await readReportInput(store, experiment)
    let report = await buildReport(input, now)
    const judged = await this.#respond(experiment, report, now, seen)
    if (judged !== experiment) {
      // The advice has been followed; the next advice is announced.
      input = await readReportInput(store, judged)
      report = await buildReport(input, now)
    }
    await this.#announce(judged, observationsOf(input, report, announced), announced, now, seen)
    return report
  }

  /**
   * Reacts to harm according to the definition, before the announcement, so that a crash cannot
   * prevent it.
   */
  async #respond(experiment: Experiment, { guardrails }: Report, now: number, seen: Seen[]): Promise<Experiment> {
    const { key, onHarm } = experiment.definition
    let current = experiment
    if (onHarm === undefined) return current
    for (const { verdict, arm, metric } of guardrails) {
      const { arms } = current.definition
      if (verdict !== 'harmed' || arms[armPosition(current.definition, arm)]?.retired) continue
      const request = { actor: ACTOR, now, reason: `${arm} harms the guardrail ${metric.key}` }
      const respond =
        onHarm === 'pause' ? pauseForHarm(this.#deps, key, request) : retireArm(this.#deps, key, arm, request)
      const { experiment: next, result } = await respond
      const isPaused = current.status === 'running' && next.status === 'paused'
      current = next
      if (result === 'unchanged') continue
      const done = onHarm === 'pause' ? { paused: arm } : { retired: arm, isPaused }
      seen.push({ experiment: key, metric: metric.key, ...done })
    }
    return current
  }

  async #announce(
    { id, version, definition: { key } }: Experiment,
    observations: readonly Observation[],
    announced: Announced,
    now: number,
    seen: Seen[],
  ): Promise<void> {
    for (const { subject, state, quiet, isUnhurried = false, event } of observations) {
      const before = announced.get(subject)
      if (state === (before?.state ?? quiet)) continue
      const waits = isUnhurried || state === quiet
      if (before !== undefined && waits && now - before.at < CALM_MS) continue
      const details = { experiment: key, version, ...event?.details }
      const message = event === null ? null : messageOf(this.#deps.newId(), event.type, details, now)
      const isOurs = await this.#deps.store.announce(id, before?.state ?? null, { subject, state, at: now }, message)
      if (isOurs && event !== null) seen.push({ experiment: key, announced: event.type, details })
    }
  }
}

/** The body has the shape that the Standard Webhooks specification recommends. */
function messageOf(id: string, type: EventType, details: Readonly<Record<string, unknown>>, at: number): Message {
  return { id, type, body: JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: details }) }
}

function stampOf({ experiment, snapshot, growth }: LiveExperiment): string {
  const { units, rewards } = growth.size
  return [experiment.version, snapshot?.number, units, rewards].join('/')
}
