// The form of a new experiment, and the command that would do the same. The service judges it while
// it is filled in; each fault stands beside its field. A field's name is its path in the
// definition, so a fault finds its field by itself.
import { DEFAULT_ALPHA, DEFAULT_PLANNED_UNITS } from '../../bandit/experiment/definition-input.ts'
import { METRIC_ROLES } from '../../bandit/metrics/metric.ts'
import { hasRange, METRIC_TYPES } from '../../bandit/metrics/registry.ts'
import { completePolicy } from '../../bandit/policies/policy-input.ts'
import { hasWeights, learns, POLICIES, type PolicyType } from '../../bandit/policies/registry.ts'
import { type Assets, framed, type Viewer } from './frame.ts'
import { type Content, type Markup, markup, NOTHING } from './markup.ts'

/** What stands in the fields of one part of the form, by the last part of their names. */
export type Fields = Readonly<Record<string, string>>

export interface CreateForm {
  readonly top: Fields
  readonly arms: readonly Fields[]
  readonly metrics: readonly Fields[]
}

export interface CreatePage {
  readonly form: CreateForm
  readonly faults: readonly { readonly path: string; readonly message: string }[]
  /** The field that was just added. */
  readonly focus: string | null
  /** What a terminal would be told instead. */
  readonly command: string
  readonly assets: Assets
  readonly viewer: Viewer
}

export function createPage(page: CreatePage): string {
  const { assets, viewer, command } = page
  const main = markup`<header><p class="crumb"><a href="/">Experiments</a></p><h1>New experiment</h1>
<p class="lead">A field that says what holds unless given may be left empty. Nothing reaches a unit before the experiment is started.</p></header>
<form id="definition" class="fields" method="post" action="/new" novalidate autocomplete="off">
<button class="unseen" name="do" value="check" tabindex="-1" aria-hidden="true">Check</button>
${basics(page)}
${arms(page)}
${metrics(page)}
${policy(page)}
<div class="deeds"><button class="button primary" name="do" value="create-start">Create and start</button><button class="button" name="do" value="create">Create a draft</button><button class="button nojs" name="do" value="check">Check</button></div>
${unplaced(page)}
<section class="command" aria-labelledby="command-head"><div class="top"><h2 id="command-head">The same from a terminal</h2><button type="button" class="plain" data-copies="command">Copy</button></div>
<pre tabindex="0"><code id="command">${command}</code></pre></section>
</form>`
  return framed({ title: 'New experiment', main, assets, viewer, live: null })
}

function basics({ form: { top }, ...page }: CreatePage): Markup {
  const key = field(page, 'key', 'Key', top.key, { note: 'as spring-email', isRequired: true })
  const note = 'none unless given'
  const area = (state: Markup) =>
    markup`<textarea id="description" name="description" rows="2"${state}>${top.description ?? ''}</textarea>`
  const description = labelled(page, 'description', 'Description', { note }, area)
  return markup`<div class="rowed basics">${key}${description}</div>`
}

function arms({ form, ...page }: CreatePage): Markup {
  const isWeighted = hasWeights(form.top['policy.type'])
  const rows = form.arms.map((arm, place) => {
    const path = `arms[${place}]`
    const weight = isWeighted
      ? field(page, `${path}.weight`, 'Share, 0 to 1', arm.weight, { note: 'all of them sum to 1' })
      : NOTHING
    return markup`<div class="rowed" role="group" aria-label="Arm ${place + 1}">
${field(page, `${path}.key`, place === 0 ? 'Key of the control' : `Key of arm ${place + 1}`, arm.key, { isRequired: true })}
${field(page, `${path}.payload`, 'Payload, as JSON', arm.payload, { note: 'none unless given, as {"template": "m1"}' })}
${weight}${remover(`remove-arm-${place}`, `Take out arm ${place + 1}`, form.arms.length > 2)}</div>`
  })
  return markup`<fieldset><legend>Arms</legend>${rows}
${faultsAt(page, ['arms', 'policy.weights'])}<button class="button" name="do" value="add-arm">Add an arm</button></fieldset>`
}

function metrics({ form, ...page }: CreatePage): Markup {
  const rows = form.metrics.map((metric, place) => {
    const path = `metrics[${place}]`
    const range = hasRange(metric.type)
      ? markup`${field(page, `${path}.range[0]`, 'Least outcome', metric['range[0]'], { also: [`${path}.range`], note: 'as 0' })}${field(page, `${path}.range[1]`, 'Largest outcome', metric['range[1]'], { note: 'as 500' })}`
      : NOTHING
    const margin =
      metric.role === 'guardrail'
        ? field(page, `${path}.margin`, 'Tolerated harm', metric.margin, {
            note: '0 unless given, which only a real improvement proves; as 0.01',
          })
        : NOTHING
    return markup`<div class="rowed" role="group" aria-label="Metric ${place + 1}">
${field(page, `${path}.key`, `Key of metric ${place + 1}`, metric.key, { note: 'as visit', isRequired: true })}
${choice(page, `${path}.role`, 'Role', metric.role, METRIC_ROLES)}
${choice(page, `${path}.type`, 'Type', metric.type, METRIC_TYPES)}
${choice(page, `${path}.goal`, 'Better is', metric.goal, GOAL_WORDS, metric.role === 'guardrail' ? GUARDRAIL_GOAL : '')}
${field(page, `${path}.window`, 'Window', metric.window, { note: 'none unless given, as 14d' })}
${range}${margin}${remover(`remove-metric-${place}`, `Take out metric ${place + 1}`, form.metrics.length > 1)}</div>`
  })
  return markup`<fieldset><legend>Metrics</legend>${rows}
${faultsAt(page, ['metrics'])}<button class="button" name="do" value="add-metric">Add a metric</button></fieldset>`
}

const GOAL_WORDS = [
  ['increase', 'higher'],
  ['decrease', 'lower'],
] as const

const GUARDRAIL_GOAL = 'higher unless you say lower, as for complaints'

function policy({ form: { top, arms }, ...page }: CreatePage): Markup {
  const type = top['policy.type']
  const holds = sharesUnlessGiven(top, arms.length)
  const exploration = learns(type)
    ? field(page, 'policy.exploration', 'Spread evenly (until, after verdicts)', top['policy.exploration'], {
        also: EXPLORATION_SHARES,
        note: `${holds.exploration} unless given`,
      })
    : NOTHING
  const share = hasWeights(type)
    ? NOTHING
    : field(page, 'policy.controlShare', 'Share of the control', top['policy.controlShare'], {
        note: `${holds.controlShare} unless given`,
      })
  return markup`<fieldset><legend>Policy</legend><div class="rowed policy">
${choice(
  page,
  'policy.type',
  'Type',
  type,
  POLICIES.flatMap(policy => ('readsContext' in policy ? [] : [[policy.type, policy.label]])),
)}
${exploration}${share}
${field(page, 'alpha', 'Alpha', top.alpha, { note: `${DEFAULT_ALPHA} unless given` })}
${field(page, 'plannedUnits', 'Planned units', top.plannedUnits, { note: `${DEFAULT_PLANNED_UNITS} unless given` })}
${field(page, 'minDuration', 'Least duration', top.minDuration, { note: 'none unless given, as 7d' })}</div>${faultsAt(page, ['policy'])}</fieldset>`
}

const EXPLORATION_SHARES = ['policy.exploration.untilVerdict', 'policy.exploration.after'] as const

/** What the policy of the form does where its shares are left empty. */
function sharesUnlessGiven(top: Fields, arms: number): { exploration: string; controlShare: string } {
  const active = Array.from({ length: arms }, (_, place) => String(place))
  const type = top['policy.type'] as PolicyType
  const policyWith = (controlShare?: number) => completePolicy({ type, controlShare }, { control: '0', active })
  const share = Number(top['policy.controlShare'])
  const [asIs, byItself] = [policyWith(share > 0 && share < 1 ? share : undefined), policyWith()]
  const exploration = 'exploration' in asIs ? asIs.exploration : 0
  const told = (number: number) => String(Number(number.toPrecision(4)))
  return {
    exploration:
      typeof exploration === 'number'
        ? told(exploration)
        : `${told(exploration.untilVerdict)}, ${told(exploration.after)}`,
    controlShare: ('controlShare' in byItself && byItself.controlShare?.toString()) || 'none',
  }
}

type Judged = Pick<CreatePage, 'faults' | 'focus'>

interface FieldLook {
  /** What holds where it is left empty, or an example: it says which. */
  readonly note?: string
  readonly isRequired?: boolean
  /** Other paths whose faults stand here. */
  readonly also?: readonly string[]
}

function field(page: Judged, path: string, label: string, value = '', look: FieldLook = {}): Markup {
  const required = look.isRequired ? markup` aria-required="true"` : NOTHING
  return labelled(
    page,
    path,
    label,
    look,
    state =>
      markup`<input id="${path}" name="${path}" value="${value}" spellcheck="false" autocapitalize="off"${required}${state}>`,
  )
}

function choice(
  page: Judged,
  path: string,
  label: string,
  value: string | undefined,
  options: readonly (string | readonly [value: string, words: string])[],
  note = '',
): Markup {
  const listed = options.map(option => {
    const [own, words] = typeof option === 'string' ? [option, option] : option
    return markup`<option value="${own}"${own === value ? markup` selected` : NOTHING}>${words}</option>`
  })
  const select = (state: Markup) => markup`<select id="${path}" name="${path}"${state}>${listed}</select>`
  return labelled(page, path, label, { note }, select)
}

/** A control below its label, and above its note and what is wrong with it. */
function labelled(
  { faults, focus }: Judged,
  path: string,
  label: string,
  { note = '', also = [] }: FieldLook,
  control: (state: Markup) => Markup,
): Markup {
  const own = faults.filter(fault => fault.path === path || also.includes(fault.path))
  const focused = focus === path ? markup` autofocus data-focus` : NOTHING
  const invalid = own.length === 0 ? NOTHING : markup` aria-invalid="true"`
  const tellers = [...(note === '' ? [] : [`${path}-note`]), ...(own.length === 0 ? [] : [`${path}-fault`])]
  const described = tellers.length === 0 ? NOTHING : markup` aria-describedby="${tellers.join(' ')}"`
  const noted = note === '' ? NOTHING : markup`<span class="soft" id="${path}-note">${note}</span>`
  const messages = own.map(({ message }) => message).join('; ')
  const fault = own.length === 0 ? NOTHING : markup`<span class="fault" id="${path}-fault">${messages}</span>`
  return markup`<div class="field"><label for="${path}">${label}</label>${control(markup`${focused}${invalid}${described}`)}${noted}${fault}</div>`
}

function remover(deed: string, label: string, isPossible: boolean): Markup {
  if (!isPossible) return NOTHING
  return markup`<button class="plain remove" name="do" value="${deed}" aria-label="${label}">take out</button>`
}

function faultsAt({ faults }: Pick<Judged, 'faults'>, paths: readonly string[]): Markup {
  return sentences(faults.filter(({ path }) => paths.includes(path)))
}

/** What belongs to no field that is shown. */
function unplaced({ form: { top, arms, metrics }, faults }: CreatePage): Markup {
  const hidden = new Set<string>()
  if (!learns(top['policy.type'])) hidden.add('policy.exploration')
  if (hasWeights(top['policy.type'])) hidden.add('policy.controlShare')
  for (const [place, { type, role }] of metrics.entries()) {
    if (!hasRange(type)) hidden.add(`metrics[${place}].range`)
    if (role !== 'guardrail') hidden.add(`metrics[${place}].margin`)
  }
  const places = new Set([
    ...['arms', 'metrics', 'policy', 'policy.weights', ...EXPLORATION_SHARES, ...Object.keys(top)],
    ...arms.flatMap((arm, place) => Object.keys(arm).map(name => `arms[${place}].${name}`)),
    ...metrics.flatMap((metric, place) => [...Object.keys(metric), 'range'].map(name => `metrics[${place}].${name}`)),
  ])
  return sentences(faults.filter(({ path }) => hidden.has(path) || !places.has(path)))
}

function sentences(faults: CreatePage['faults']): Markup {
  const lines: Content[] = faults.map(
    ({ path, message }) => markup`<p class="fault"><code>${path}</code> ${message}</p>`,
  )
  return markup`${lines}`
}
