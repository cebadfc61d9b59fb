// A provider for OpenFeature's server SDK around the current OFREP client; the package of that name
// still wraps an old one.
import type { EvaluationContext, JsonValue, Provider, ResolutionDetails } from '@openfeature/server-sdk'
import { handleEvaluationError, OFREPApi, toResolutionDetails } from 'ofrep-core-2'

export function currentOfrepProvider(options: ConstructorParameters<typeof OFREPApi>[0]): Provider {
  const api = new OFREPApi(options)
  async function evaluate<Value extends JsonValue>(
    key: string,
    fallback: Value,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<Value>> {
    const { httpStatus, value } = await api.postEvaluateFlag(key, { context })
    return httpStatus === 200 ? toResolutionDetails(value, fallback) : handleEvaluationError(value, fallback)
  }
  return {
    metadata: { name: 'OFREP, current client' },
    runsOn: 'server',
    resolveBooleanEvaluation: evaluate,
    resolveStringEvaluation: evaluate,
    resolveNumberEvaluation: evaluate,
    resolveObjectEvaluation: evaluate,
  }
}
