// Plays a history with the real verbs on a real store, the model beside it, and compares every
// answer; expect-books.ts compares what is left at the end.
import assert from 'node:assert/strict'
import { assign } from '../../../src/bandit/assign.ts'
import { BanditError } from '../../../src/bandit/errors.ts'
import { applyDefinition, createExperiment, setStatus } from '../../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import type { Experiment, Status } from '../../../src/bandit/experiment/experiment.ts'
import type { Reward } from '../../../src/bandit/facts.ts'
import { type RewardResult, recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import type { Store } from '../../../src/store/port.ts'
import { alterDefinition } from './alter-definition.ts'
import { expectBooks, type Played } from './expect-books.ts'
import { type Act, type Action, EXPERIMENTS, type History, METRICS, type PlannedEvent, UNITS } from './history.ts'
import { ExperimentModel, type Moment, POSSIBLE } from './history-model.ts'
import { type Site, Stage } from './stage.ts'

export interface Production {
  /** Puts something between the bandit and its store, to show that a broken one is noticed. */
  readonly wrapStore?: ((store: Store) => Store) | undefined
  /** Where the store is kept; else in an SQLite file. */
  readonly site?: Site | undefined
  /** Sees what is left at the end. */
  readonly onEnd?: ((stage: Stage) => Promise<void>) | undefined
}

/**
 * Resolves when everything was as it should be.
 *
 * @throws AssertionError where an answer, or what was kept, differs from the model
 */
export async function playHistory(history: History, { wrapStore, site, onEnd }: Production = {}): Promise<Played> {
  const stage = await Stage.open(wrapStore ?? (store => store), site)
  try {
    const play = await Play.begin(stage, history)
    for (const action of history.actions) await play.act(action)
    const played = await expectBooks(stage, play.models)
    await onEnd?.(stage)
    return played
  } finally {
    await stage.close()
  }
}

/** Compares the answer of an act with the model, once it is there. */
interface Check {
  readonly compare: () => void
  /** The version that a change answered; 0 for what changes nothing. */
  readonly version: number
}

/** Changes that were under way together may refuse each other. */
const REFUSALS = ['experiment_frozen', 'experiment_changed', 'invalid_transition', 'arm_not_found']

class Play {
  readonly models: ExperimentModel[] = []
  readonly #stage: Stage
  readonly #calls: (readonly PlannedEvent[])[] = []

  private constructor(stage: Stage) {
    this.#stage = stage
  }

  static async begin(stage: Stage, { definitions, started }: History): Promise<Play> {
    const play = new Play(stage)
    for (const [position, input] of definitions.entries()) {
      const request = { actor: 'fuzz', now: stage.now, salt: `salt-${position}` }
      play.models.push(new ExperimentModel(await createExperiment(stage, completeDefinition(input), request)))
      if (started[position]) await play.act({ act: 'start', experiment: position })
    }
    return play
  }

  async act(action: Action): Promise<void> {
    if (action.act === 'wait') {
      this.#stage.now += action.ms
      return
    }
    if (action.act === 'restart') return this.#restart(action.isCrash)
    const acts = action.act === 'together' ? action.acts : [action]
    // All begin before any is done. What they write is written in the order in which they began,
    // and so it is compared; but for changes, which may begin again, and are compared in the order
    // of their versions.
    const checks = await Promise.all(acts.map(act => this.#begin(act, acts.length > 1)))
    for (const { compare } of checks.toSorted((a, b) => a.version - b.version)) compare()
  }

  #begin(act: Act, isAmongOthers: boolean): Promise<Check> {
    switch (act.act) {
      case 'assign':
        return this.#assign(act.experiment, act.units.map(unitAt))
      case 'reward':
        this.#calls.push(act.events)
        return this.#reward(act.events)
      case 'retry':
        return this.#reward(this.#calls.at(-1 - act.back) ?? [])
      case 'refresh':
        return this.#refresh()
      case 'change':
        return this.#change(act, isAmongOthers)
      case 'start':
        return this.#move(act.experiment, 'running', undefined, isAmongOthers)
      case 'pause':
        return this.#move(act.experiment, 'paused', undefined, isAmongOthers)
      case 'stop':
        return this.#move(act.experiment, 'stopped', this.#winner(act), isAmongOthers)
    }
  }

  async #restart(isCrash: boolean): Promise<void> {
    const before = this.#stage.catalogue.all().map(({ experiment, growth }) => ({ experiment, size: growth.size }))
    await this.#stage.restart(isCrash)
    const after = this.#stage.catalogue.all().map(({ experiment, growth }) => ({ experiment, size: growth.size }))
    assert.deepEqual(after, before, 'a restart changes nothing')
  }

  async #assign(position: number, units: readonly string[]): Promise<Check> {
    const model = this.#model(position)
    const moment = model.moment(this.#stage.now)
    const answers = await assign(this.#stage, model.experiment.definition.key, units, moment.now)
    return unversioned(() => model.expectAssigned(moment, units, answers))
  }

  async #reward(events: readonly PlannedEvent[]): Promise<Check> {
    const { now } = this.#stage
    const moments = this.models.map(model => model.moment(now))
    const rewards = events.map(event => rewardOf(event, now))
    const answers = await recordRewards(this.#stage, rewards, now)
    return unversioned(() =>
      assert.deepEqual(
        answers.map(answer => ('clipped' in answer ? 'clipped' : answer.status)),
        rewards.map(reward => this.#expected(moments, reward)),
      ),
    )
  }

  #expected(moments: readonly Moment[], reward: Reward): RewardResult['status'] | 'clipped' {
    const [{ now }] = moments as [Moment]
    if ((reward.at ?? now) > now + 300_000) return 'rejected'
    const met = this.models.flatMap((model, position) => {
      const isMeant = reward.experiment === undefined || reward.experiment === EXPERIMENTS[position]
      return isMeant ? [model.takeReward(moments[position] as Moment, reward)] : []
    })
    return (['clipped', 'recorded', 'duplicate', 'late'] as const).find(status => met.includes(status)) ?? 'unassigned'
  }

  async #refresh(): Promise<Check> {
    const refreshed = await refreshSnapshots(this.#stage, this.#stage.now)
    return unversioned(() =>
      assert.deepEqual(
        refreshed.filter(one => 'error' in one),
        [],
      ),
    )
  }

  async #change({ experiment, change }: Act & { act: 'change' }, isAmongOthers: boolean): Promise<Check> {
    const model = this.#model(experiment)
    const { status, definition } = model.experiment
    const wanted = alterDefinition(definition, change)
    if (wanted === null) return unversioned(() => undefined)
    const request = { actor: 'fuzz', now: this.#stage.now, salt: 'never used' }
    const answer = await answerOf(
      applyDefinition(this.#stage, wanted.key, () => wanted, request).then(applied => applied.experiment),
    )
    if (!(answer instanceof BanditError)) return adoption(model, answer)
    return unversioned(() => {
      if (isAmongOthers) return assert.ok(REFUSALS.includes(answer.code), answer)
      const isFreezing = ['freeze', 'forget'].includes(change.what)
      assert.equal(answer.code, 'experiment_frozen')
      assert.ok(status === 'stopped' || (status !== 'draft' && isFreezing), answer)
    })
  }

  async #move(
    position: number,
    to: Exclude<Status, 'draft'>,
    winner: string | null | undefined,
    isAmongOthers: boolean,
  ): Promise<Check> {
    const model = this.#model(position)
    const { status, definition } = model.experiment
    const { key } = definition
    const answer = await answerOf(setStatus(this.#stage, key, to, { actor: 'fuzz', now: this.#stage.now, winner }))
    const isPossible = POSSIBLE[to].includes(status)
    const isWinnerThere = winner == null || definition.arms.some(arm => arm.key === winner)
    if (answer instanceof BanditError) {
      return unversioned(() => {
        if (isAmongOthers) return assert.ok(REFUSALS.includes(answer.code), answer)
        assert.equal(answer.code, isPossible ? 'arm_not_found' : 'invalid_transition')
        assert.ok(!isPossible || !isWinnerThere, answer)
      })
    }
    const { compare, version } = adoption(model, answer)
    return {
      version,
      compare: () => {
        compare()
        assert.equal(answer.status, to)
        if (winner !== undefined) assert.equal(answer.winner, winner)
        if (!isAmongOthers) assert.ok(isPossible && isWinnerThere, `${status} cannot become ${to}, won by ${winner}`)
      },
    }
  }

  #winner({ experiment, winner }: Act & { act: 'stop' }): string | null | undefined {
    if (winner == null) return winner
    return this.#model(experiment).experiment.definition.arms[winner]?.key ?? 'nobody'
  }

  #model(position: number): ExperimentModel {
    return this.models[position] as ExperimentModel
  }
}

function unversioned(compare: () => void): Check {
  return { compare, version: 0 }
}

function adoption(model: ExperimentModel, experiment: Experiment): Check {
  return { compare: () => model.adopt(experiment), version: experiment.version }
}

async function answerOf(answer: Promise<Experiment>): Promise<Experiment | BanditError> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof BanditError) return error
    throw error
  }
}

function rewardOf({ unit, metric, value, id, offsetMs, experiment }: PlannedEvent, now: number): Reward {
  return {
    unit: unitAt(unit),
    metric: METRICS[metric] as string,
    value,
    ...(id !== null && { id: `e-${id}` }),
    ...(offsetMs !== null && { at: now + offsetMs }),
    ...(experiment !== null && { experiment: EXPERIMENTS[experiment] as string }),
  }
}

function unitAt(unit: number): string {
  return UNITS[unit] as string
}
