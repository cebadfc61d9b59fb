// Heads that are long or have many parts. Node takes 16 KiB of them.
import type { Attack } from '../attack.ts'
import { WIDE } from '../experiments.ts'
import type { Sent } from '../stage.ts'

const TIMES = 20

export const HEAD_ATTACKS: readonly Attack[] = [
  ofHead('many-headers', '1,500 headers', {
    path: '/livez',
    headers: Object.fromEntries(Array.from({ length: 1_500 }, (_, place) => [`a${place}`, '0'])),
  }),
  ofHead('accept', 'an Accept of 3,000 types with q-values', {
    path: `/experiments/small-0/report`,
    key: 'read',
    headers: { Accept: Array.from({ length: 1_100 }, (_, place) => `a/${place};q=.${place % 9}`).join() },
  }),
  ofHead('accept-encoding', 'an Accept-Encoding of 15 KB', {
    path: '/openapi.json',
    headers: { 'Accept-Encoding': 'gzip;q=0,'.repeat(1_600) },
  }),
  ofHead('range', 'a Range of 3,000 ranges', {
    path: '/docs/swagger-ui-bundle.js',
    headers: { Range: `bytes=${'0-1,'.repeat(3_500)}0-1` },
  }),
  ofHead('cookies', 'a Cookie of 5,000 cookies', { path: '/', headers: { Cookie: 'a=b;'.repeat(3_700) } }),
  ofHead('etags', 'an If-None-Match of 4,000 tags', {
    method: 'POST',
    path: '/ofrep/v1/evaluate/flags',
    key: 'assign',
    headers: { 'If-None-Match': 'W/"",'.repeat(3_000), 'Content-Type': 'application/json' },
    body: JSON.stringify({ context: { targetingKey: 'etags', pinwheelExperiments: ['lonely'] } }),
  }),
  ofHead('authorization', 'a Basic authorization of 14 KB', {
    path: '/experiments',
    headers: { Authorization: `Basic ${'QUFB'.repeat(3_600)}` },
  }),
  ofHead('spaces', 'an authorization of 15,000 spaces', {
    path: '/experiments',
    headers: { Authorization: `Basic${' '.repeat(15_000)}!` },
  }),
  ofHead('query', 'an address with 3,500 parameters', {
    path: `/experiments/${WIDE}/snapshots?${'a=&'.repeat(4_500)}`,
    key: 'read',
  }),
  ofHead('percent', 'an address of 5,000 percent-encoded bytes', {
    path: `/experiments/${'%2e'.repeat(4_800)}`,
    key: 'read',
  }),
  ofHead('slashes', 'an address of 15,000 slashes', { path: '/'.repeat(15_000), key: 'read' }),
  ofHead('ce-headers', 'a CloudEvent of 1,000 attributes', {
    method: 'POST',
    path: '/v1/events',
    key: 'reward',
    headers: {
      'ce-specversion': '1.0',
      ...Object.fromEntries(Array.from({ length: 1_000 }, (_, place) => [`ce-a${place}`, '%41'])),
    },
    body: '{}',
  }),
  ofHead('content-type', 'a content type of 14 KB of parameters', {
    method: 'POST',
    path: '/assign',
    key: 'assign',
    headers: { 'Content-Type': `application/json${'; a=b'.repeat(2_900)}` },
    body: '{}',
  }),
]

/** One after the other, so that what each costs is told apart from the noise. */
function ofHead(name: string, what: string, sent: Sent): Attack {
  return {
    name: `head-${name}`,
    what,
    run: async stage => {
      for (let time = 0; time < TIMES; time++) await stage.send({ method: 'GET', ...sent })
    },
  }
}
