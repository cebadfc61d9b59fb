// An experiment as a file holds it: its definition, and optionally the state that it shall be in.
// GET /schemas/experiment.json tells editors; `npx --no pinwheel apply` reads such files.
import { z } from 'zod'
import { definitionSchema } from './definition-schema.ts'

/** What a file says beyond the definition. */
export const fileFields = {
  $schema: z.string().optional().describe('For editors; not read.'),
  status: z
    .enum(['running', 'paused', 'stopped'])
    .optional()
    .describe('The state that it shall be in. Left out: as it is; a new one stays a draft.'),
  winner: z
    .string()
    .nullable()
    .optional()
    .describe('With the status stopped: the arm that everybody gets, or null for none. Left out: as it is.'),
}

export const fileSchema = definitionSchema.extend(fileFields).meta({
  title: 'Pinwheel experiment',
  description: 'An experiment in a file; what has a default may be left out.',
})

export function experimentFileSchema() {
  return z.toJSONSchema(fileSchema, { io: 'input' })
}
