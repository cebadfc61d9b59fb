// The keys in this process's memory, so that a request needs no query. `reread` loads the changes
// of other processes.
import { timingSafeEqual } from 'node:crypto'
import type { KeyStore } from '../store/port.ts'
import { isLive, type Key, type KeyKind, SCOPES, type Scope } from './key.ts'
import { parseRate } from './rate.ts'
import { digestOf, LONGEST_SECRET } from './secret.ts'
import { TokenBucket } from './token-bucket.ts'

/** The holder of a key, live or not. */
export interface Holder {
  readonly name: string
  readonly kind: KeyKind
  readonly scopes: readonly Scope[]
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** The bucket that limits the key's rate; null: no limit. */
  readonly bucket: TokenBucket | null
}

export interface KeyringOptions {
  /** A key of the environment, with all scopes and without a rate; null: there is none. */
  readonly adminKey: string | null
  /**
   * For keys without a rate of their own; null: `PUBLISHABLE_RATE` for pk keys, none for sk keys.
   */
  readonly rate: string | null
}

/** The rate of all browsers with one pk key together. */
export const PUBLISHABLE_RATE = '100/s'

type Entry = { readonly digest: Buffer; readonly holder: Holder }

/**
 * The part of a digest by which a key is looked up; the whole is then compared in constant time.
 */
const SELECTOR_LENGTH = 16

export class Keyring {
  readonly #options: KeyringOptions
  #bySelector = new Map<string, Entry>()
  #lastChange = 0

  constructor(options: KeyringOptions) {
    this.#options = options
    this.#takeIn([], 0)
  }

  static async load(store: Pick<KeyStore, 'readKeys'>, options: KeyringOptions, now: number): Promise<Keyring> {
    const keyring = new Keyring(options)
    await keyring.#read(store, now)
    return keyring
  }

  /** Loads what has changed in the store since; without changes, that is one look-up. */
  async reread(store: Pick<KeyStore, 'readKeys' | 'lastKeyChange'>, now: number): Promise<void> {
    if ((await store.lastKeyChange()) !== this.#lastChange) await this.#read(store, now)
  }

  /** There never was a key. A service that had one does not reopen when it is revoked. */
  get isOpen(): boolean {
    return this.#bySelector.size === 0
  }

  /** At least one key is live. */
  hasLiveKey(now: number): boolean {
    return [...this.#bySelector.values()].some(({ holder }) => isLive(holder, now))
  }

  /** The holder of a secret; null: none. The key may have expired, or have been revoked. */
  find(secret: string): Holder | null {
    if (secret.length > LONGEST_SECRET) return null
    const digest = digestOf(secret)
    const entry = this.#bySelector.get(digest.slice(0, SELECTOR_LENGTH))
    return entry !== undefined && timingSafeEqual(entry.digest, Buffer.from(digest, 'hex')) ? entry.holder : null
  }

  /** The tokens taken from the buckets since the last call, by the selectors of their keys. */
  collectTaken(): (readonly [selector: string, tokens: number])[] {
    return [...this.#bySelector].flatMap(([selector, { holder }]) => {
      const tokens = holder.bucket?.collectTaken() ?? 0
      return tokens === 0 ? [] : [[selector, tokens] as const]
    })
  }

  /** Takes from the buckets what other processes that share the address took from theirs. */
  takeForOthers(taken: ReturnType<Keyring['collectTaken']>, now: number): void {
    for (const [selector, tokens] of taken) this.#bySelector.get(selector)?.holder.bucket?.takeForOthers(tokens, now)
  }

  async #read(store: Pick<KeyStore, 'readKeys'>, now: number): Promise<void> {
    const { keys, lastChange } = await store.readKeys()
    this.#takeIn(keys, now)
    this.#lastChange = lastChange
  }

  #takeIn(keys: readonly Key[], now: number): void {
    const { adminKey } = this.#options
    const known = this.#bySelector
    this.#bySelector = new Map(
      keys.map(key => {
        const selector = key.digest.slice(0, SELECTOR_LENGTH)
        // The bucket is kept: a change of another key must not fill it.
        const bucket = known.get(selector)?.holder.bucket ?? this.#bucketFor(key, now)
        return [selector, { digest: Buffer.from(key.digest, 'hex'), holder: { ...key, bucket } }]
      }),
    )
    if (adminKey === null) return
    const digest = digestOf(adminKey)
    this.#bySelector.set(digest.slice(0, SELECTOR_LENGTH), { digest: Buffer.from(digest, 'hex'), holder: ADMIN })
  }

  #bucketFor({ kind, rate }: Key, now: number): TokenBucket | null {
    const granted = rate ?? this.#options.rate ?? (kind === 'pk' ? PUBLISHABLE_RATE : null)
    const parsed = granted === null ? null : parseRate(granted)
    return parsed === null ? null : new TokenBucket(parsed, now)
  }
}

const ADMIN: Holder = {
  name: 'admin',
  kind: 'sk',
  scopes: SCOPES,
  expiresAt: null,
  revokedAt: null,
  bucket: null,
}
