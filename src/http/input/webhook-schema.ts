// The shape of a webhook as a person makes it: what POST /webhooks judges bodies by, and what the
// OpenAPI document tells.
import { z } from 'zod'
import { EVENT_TYPES } from '../../webhooks/webhook.ts'

const SECRET_PATTERN = /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Each type, and some of them twice. */
export const MAX_EVENTS = 100

export const webhookSchema = z
  .strictObject({
    url: z
      .string()
      .describe('Where to post to: http or https, and no private address unless the service is told to allow them.')
      .meta({ examples: ['https://example.com/hooks'] }),
    events: z
      .array(z.enum(EVENT_TYPES))
      .min(1, 'must name at least one event')
      .max(MAX_EVENTS, `must name at most ${MAX_EVENTS} events`)
      .optional()
      .describe('What to tell. Default: everything.'),
    experiment: z.string().optional().describe('The key of the one experiment to tell of. Default: all.'),
    secret: z
      .string()
      .refine(isSecret, 'must be "whsec_" and 24 to 64 bytes in base64; leave it out to be given one')
      .optional()
      .describe('Signs the messages: `whsec_` and 24 to 64 bytes in base64. Default: a new one.'),
  })
  .meta({ id: 'WebhookInput', description: 'A webhook as you make it.' })

/** As the Standard Webhooks specification has it. */
function isSecret(text: string): boolean {
  const bytes = Buffer.from(text.slice('whsec_'.length), 'base64').length
  return SECRET_PATTERN.test(text) && bytes >= 24 && bytes <= 64
}
