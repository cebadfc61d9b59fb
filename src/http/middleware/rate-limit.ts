// Holds each key to its rate, and tells it how it stands: RateLimit and RateLimit-Policy
// (draft-ietf-httpapi-ratelimit-headers-08) in every answer, Retry-After in a refusal. A batch or a
// stream takes a token for each unit or event, not for the request alone.
import type { IncomingMessage } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Holder } from '../../access/keyring.ts'
import type { TokenBucket } from '../../access/token-bucket.ts'
import { BanditError } from '../../bandit/errors.ts'
import { counted } from '../../bandit/wording.ts'
import { remark } from './remarks.ts'

/**
 * A connection on which nothing moves is cut off after two minutes; what is not paid back by then
 * is owed by the next request.
 */
const LONGEST_WAIT_MS = 60_000

/** Whose tokens are taken; without a bucket, nobody's. */
type Payer = Pick<Holder, 'bucket'>

/** @throws BanditError `rate_limited` when there is no token, and then takes none */
export function spendOne(bucket: TokenBucket, request: IncomingMessage, now: number): void {
  const waitMs = bucket.waitMs(now)
  if (waitMs === 0) bucket.take(1, now)
  const waitS = inSeconds(waitMs)
  const standing = ['RateLimit-Policy', policyOf(bucket), 'RateLimit', standingOf(bucket, now)]
  remark(request, waitMs === 0 ? standing : [...standing, 'Retry-After', String(waitS)])
  if (waitMs === 0) return
  throw new BanditError('rate_limited', `The key has used up its rate; ask again in ${counted(waitS, 'second')}`)
}

/**
 * The rest of a batch of so many, whose request has paid for the first. On credit: what comes after
 * it waits the longer.
 */
export function spendMore({ bucket }: Payer, size: number, now: number): void {
  if (size > 1) bucket?.take(size - 1, now)
}

/**
 * The same for a part of a stream, which then waits until the credit is paid back: it is read as
 * fast as the rate allows.
 */
export async function spendSlowly({ bucket }: Payer, size: number, now: number): Promise<void> {
  if (bucket === null) return
  bucket.take(size, now)
  const waitMs = bucket.waitMs(now, 0)
  if (waitMs > 0) await setTimeout(Math.min(waitMs, LONGEST_WAIT_MS))
}

function policyOf({ rate }: TokenBucket): string {
  return `"key";q=${rate.count};w=${rate.windowMs / 1_000}`
}

/** `t`: seconds until there is more than there is now. */
function standingOf(bucket: TokenBucket, now: number): string {
  const left = bucket.left(now)
  return `"key";r=${left};t=${inSeconds(bucket.waitMs(now, Math.min(left + 1, bucket.rate.count)))}`
}

function inSeconds(ms: number): number {
  return Math.ceil(ms / 1_000)
}
