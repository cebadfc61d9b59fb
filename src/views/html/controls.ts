// The buttons that change an experiment, each with a dialog that says what it means. Plain forms:
// they work without any script.
import type { Experiment } from '../../bandit/experiment/experiment.ts'
import type { ExperimentView } from '../../bandit/report/experiment-view.ts'
import { type Markup, markup, NOTHING } from './markup.ts'

interface Control {
  /** The last part of its address. */
  readonly verb: 'start' | 'pause' | 'stop' | 'retire'
  /** On the button that opens the dialog. */
  readonly label: string
  readonly question: string
  readonly meaning: readonly string[]
  readonly choice: Markup
  /** On the button that does it. */
  readonly deed: string
}

export function controls({ experiment, report }: ExperimentView): Markup {
  const { action = null, arms = [] } = report.recommendation ?? {}
  const toRetire = action === 'retire' ? arms : []
  const toWin = action === 'ship' || action === 'choose' || action === 'keep' ? arms : []
  const offered = [start(experiment), pause(experiment), retire(experiment, toRetire), stop(experiment, toWin)].flatMap(
    control => control ?? [],
  )
  return markup`<div class="controls" role="group" aria-label="Change the experiment">${offered.map(control => opener(control))}</div>
${offered.map(control => dialog(control, experiment.definition.key))}`
}

function opener({ verb, label }: Control): Markup {
  const look = verb === 'start' ? 'button primary' : 'button'
  return markup`<button type="button" class="${look}" commandfor="${verb}-dialog" command="show-modal">${label}</button>`
}

function dialog({ verb, question, meaning, choice, deed }: Control, key: string): Markup {
  return markup`
<dialog id="${verb}-dialog" aria-labelledby="${verb}-question"><form method="post" action="/pages/${key}/${verb}">
<h2 id="${verb}-question">${question}</h2>
${meaning.map(sentence => markup`<p>${sentence}</p>`)}
${choice}
<div class="deeds"><button class="button primary">${deed}</button><button type="button" class="button" commandfor="${verb}-dialog" command="close">Leave it</button></div>
</form></dialog>`
}

function start({ status, definition: { key } }: Experiment): Control | null {
  if (status !== 'draft' && status !== 'paused') return null
  const verb = 'start'
  if (status === 'paused') {
    const meaning = ['New units get arms again, by the shares that the policy has learned.']
    return { verb, label: 'Resume…', question: `Resume ${key}?`, meaning, choice: NOTHING, deed: 'Resume' }
  }
  const meaning = [
    'From now on every unit that asks gets an arm, and keeps it for ever.',
    'Metrics, control, alpha, prior and planned units cannot change any more; arms may still be added and retired.',
  ]
  return { verb, label: 'Start…', question: `Start ${key}?`, meaning, choice: NOTHING, deed: 'Start' }
}

function pause({ status, definition: { key, control } }: Experiment): Control | null {
  if (status !== 'running') return null
  const meaning = [
    `New units get ${control}, and nothing is kept of them. Units that have an arm keep it, and their rewards still count.`,
    'It can be resumed at any time.',
  ]
  return { verb: 'pause', label: 'Pause…', question: `Pause ${key}?`, meaning, choice: NOTHING, deed: 'Pause' }
}

/**
 * Only where an arm can go without anything else being decided: not the control, no arm with a
 * fixed weight, not the last one.
 */
function retire({ status, definition }: Experiment, advised: readonly string[]): Control | null {
  const { arms, control, policy } = definition
  const active = arms.filter(({ retired }) => !retired)
  const candidates = active.filter(({ key }) => key !== control)
  if ((status !== 'running' && status !== 'paused') || 'weights' in policy || active.length < 2) return null
  if (candidates.length === 0) return null
  const options = candidates.map(({ key }) =>
    optionOf(key, advised.includes(key) ? ['advised'] : [], key === advised[0]),
  )
  return {
    verb: 'retire',
    label: 'Retire an arm…',
    question: 'Retire an arm?',
    meaning: ['It gets no new units. Units that have it keep it, and what it showed stays in the report.'],
    choice: markup`<p><label for="retire-arm">Arm</label> <select id="retire-arm" name="arm">${options}</select></p>`,
    deed: 'Retire',
  }
}

function stop({ status, winner, definition }: Experiment, advised: readonly string[]): Control | null {
  if (status === 'draft') return null
  const { key, arms, control } = definition
  // Between several arms a person decides.
  const preferred = winner ?? (advised.length === 1 ? (advised[0] ?? null) : null)
  const options = arms.map(arm => {
    const roles = [...(arm.key === control ? ['control'] : []), ...(advised.includes(arm.key) ? ['advised'] : [])]
    return optionOf(arm.key, roles, arm.key === preferred)
  })
  const none = preferred === null ? markup` selected` : NOTHING
  const choice = markup`<p><label for="stop-winner">Winner</label> <select id="stop-winner" name="winner"><option value=""${none}>none: new units get ${control}</option>${options}</select></p>`
  if (status === 'stopped') {
    const meaning = ['The winner answers for every unit, whatever arm it had.']
    return {
      verb: 'stop',
      label: 'Change the winner…',
      question: `Who wins ${key}?`,
      meaning,
      choice,
      deed: 'Name the winner',
    }
  }
  const meaning = [
    'The winner answers for every unit from now on, whatever arm it had; without one, units keep their arms and new ones get the control.',
    'A stopped experiment cannot be started again.',
  ]
  return { verb: 'stop', label: 'Stop…', question: `Stop ${key}?`, meaning, choice, deed: 'Stop' }
}

function optionOf(key: string, roles: readonly string[], isSelected: boolean): Markup {
  const role = roles.length === 0 ? '' : ` (${roles.join(', ')})`
  return markup`<option value="${key}"${isSelected ? markup` selected` : NOTHING}>${key}${role}</option>`
}
