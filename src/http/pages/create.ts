// /new: the form of a new experiment. One POST does all: it adds and takes out rows, checks,
// creates, and starts.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request } from 'express'
import { BanditError, type Fault } from '../../bandit/errors.ts'
import { createExperiment, setStatus } from '../../bandit/experiment/change-experiment.ts'
import type { Definition } from '../../bandit/experiment/experiment.ts'
import { type CreateForm, createPage } from '../../views/html/create-page.ts'
import { curlCommand } from '../../views/html/curl.ts'
import type { Context } from '../context.ts'
import { BLANK_FORM, definitionIn, readForm, reshaped } from '../input/definition-form.ts'
import { parseDefinition } from '../input/parse-definition.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { readValue } from '../middleware/body.ts'
import { ASSETS } from './assets.ts'
import { answerPage, originOf, sendTo } from './html.ts'
import { viewerOf } from './page-answers.ts'

export async function getCreate(
  context: Context,
  request: Request,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  answerForm(context, request, response, caller, { form: BLANK_FORM, faults: [], focus: null, status: 200 })
}

export async function postCreate(
  context: Context,
  request: Request,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const { name: actor } = caller
  const { form, deed } = readForm((await readValue(request)).value)
  const other = reshaped(form, deed)
  const { input, faults: unread } = definitionIn(other?.form ?? form)
  const judged = judge(context, input)
  const faults = [...unread, ...judged.faults]
  const isAsked = deed === 'create' || deed === 'create-start'
  if (!isAsked || judged.definition === null || faults.length > 0) {
    const shown = { form: other?.form ?? form, focus: other?.focus ?? null }
    const told = isAsked ? faults : faults.filter(({ path }) => !isEmptyYet(shown.form, path))
    return answerForm(context, request, response, caller, { ...shown, faults: told, status: isAsked ? 400 : 200 })
  }
  const { definition } = judged
  await createExperiment(context, definition, { actor, now: context.now(), salt: context.newSalt() })
  if (deed === 'create-start') await setStatus(context, definition.key, 'running', { actor, now: context.now() })
  sendTo(response, `/pages/${definition.key}`)
}

interface Shown {
  readonly form: CreateForm
  readonly faults: readonly Fault[]
  readonly focus: string | null
  readonly status: number
}

function answerForm(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
  { status, ...shown }: Shown,
): void {
  const { key: name, ...body } = definitionIn(shown.form).input
  const key = typeof name === 'string' && name !== '' ? name : 'KEY'
  const command = curlCommand({
    method: 'PUT',
    address: `${originOf(request)}/experiments/${encodeURIComponent(key)}`,
    body,
    keyVariable: context.keyring.isOpen ? null : 'PINWHEEL_KEY',
  })
  answerPage(response, createPage({ ...shown, command, assets: ASSETS, viewer: viewerOf(request, caller) }), status)
}

/** The definition, or every fault that the interface itself would name. */
function judge(
  { catalogue }: Context,
  input: Record<string, unknown>,
): { definition: Definition | null; faults: readonly Fault[] } {
  try {
    const definition = parseDefinition(input)
    if (catalogue.find(definition.key) === undefined) return { definition, faults: [] }
    return { definition: null, faults: [{ path: 'key', message: 'is taken by another experiment' }] }
  } catch (error) {
    if (error instanceof BanditError) return { definition: null, faults: error.faults }
    throw error
  }
}

/** While somebody is still writing, an empty field is no mistake. */
function isEmptyYet(form: CreateForm, path: string): boolean {
  const [, list, place = '0', name = ''] = /^(arms|metrics|features)\[(\d+)\]\.(.+)$/.exec(path) ?? []
  if (list === undefined) return path === 'policy.weights' || form.top[path] === ''
  const row = form[list as 'arms' | 'metrics' | 'features'][Number(place)]
  return name === 'range' ? row?.['range[0]'] === '' || row?.['range[1]'] === '' : row?.[name] === ''
}
