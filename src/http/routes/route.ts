// One route of the service: its address, who may use it, how it is documented, and its handler. The
// file of a resource exports its routes, and table.ts lists them; the server, the OpenAPI document
// and the check of keys read that table.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request } from 'express'
import type { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiRequestBodyObject, ZodOpenApiResponseObject } from 'zod-openapi'
import type { Scope } from '../../access/key.ts'
import type { ErrorCode } from '../../bandit/errors.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../middleware/authenticate.ts'
import type { KnownQuery } from '../middleware/query.ts'

/** A request with the parameters of its path: those that the route's path names are there. */
export type PathRequest = Request<{ key: string; id: string; digest: string; name: string }>

/** @throws BanditError for what is the caller's fault, `StoreUnavailableError` */
export type Handler<R extends IncomingMessage = PathRequest> = (
  context: Context,
  request: R,
  response: ServerResponse,
  caller: Caller,
) => Promise<void>

interface Address {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As Express writes it: `/experiments/:key`. */
  readonly path: `/${string}`
  /** What a key must allow; null: no key is needed. */
  readonly scope: Scope | null
  /** The parameters of its query. Default: none. */
  readonly query?: KnownQuery
  /** Absent: a page for people, which no document names. */
  readonly document?: Documentation
}

/** A route that Express serves. */
export interface PlainRoute extends Address {
  readonly handler: Handler
  /** Errors are answered as a page. */
  readonly isPage?: true
}

/** A route that product code calls all the time. It bypasses Express, which doubles its cost. */
export interface HotRoute extends Address {
  readonly method: 'POST'
  readonly handler: Handler<IncomingMessage>
  /** The largest body, in bytes. */
  readonly bodyLimit: number
}

export type Route = PlainRoute | HotRoute

/** What the OpenAPI document says of a route, beside what follows from its address and scope. */
export interface Documentation {
  /** Unique: what generated clients call it. */
  readonly id: string
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  /** The parameter `:key` needs no entry. */
  readonly parameters?: ZodOpenApiOperationObject['requestParams']
  readonly body?: ZodOpenApiRequestBodyObject
  /** By status. */
  readonly answers: Readonly<Record<number, ZodOpenApiResponseObject>>
  /** The codes of its refusals, beside those of the key, the address, the body and overload. */
  readonly problems?: readonly ErrorCode[]
  /** Codes that it gives another status than the table in problem.ts. */
  readonly statuses?: Readonly<Partial<Record<ErrorCode, number>>>
  /** Its refusals have OFREP's members as well. */
  readonly isOfrep?: boolean
}

export const TAGS = {
  Assignment: 'Arms for units, from product code.',
  Rewards: 'What happened to units.',
  Experiments: 'Define them, start them, stop them.',
  Reports: 'What was learned, and the facts that it was learned from.',
  Operation: 'For anyone who runs the service.',
} as const

export type Tag = keyof typeof TAGS

/** The content of a JSON body or answer. */
export function json(schema: z.ZodType, example?: unknown) {
  return { 'application/json': { schema, ...(example !== undefined && { example }) } }
}

/** An answer in JSON. */
export function answers(description: string, schema: z.ZodType, example?: unknown): ZodOpenApiResponseObject {
  return { description, content: json(schema, example) }
}

/** The header of an answer that has created something. */
export const LOCATION = { Location: { schema: { type: 'string' }, description: 'Its address.' } } as const
