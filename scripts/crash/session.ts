// One life of the service: started, used, and gone afterwards.
import { Failure } from '../../src/cli/terminal/failure.ts'
import { Connection, type Line, type Message } from './connection.ts'
import { DEFINITION, EXPERIMENT } from './definition.ts'
import { type Launch, ServiceProcess } from './service-process.ts'

/**
 * The service is gone when this resolves or throws.
 *
 * @throws Failure when it does not start
 */
export async function withService<Result>(
  launch: Launch,
  use: (service: ServiceProcess, connection: Connection) => Promise<Result>,
): Promise<Result> {
  const service = new ServiceProcess(launch)
  try {
    const url = await service.url()
    if (url === null) throw new Failure(`The service does not start: ${service.told.trim()}`)
    const connection = new Connection(url)
    try {
      return await use(service, connection)
    } finally {
      connection.close()
    }
  } finally {
    await service.kill()
  }
}

/** The body of an answer that is no refusal. @throws Failure */
export async function ask(connection: Line, method: Message['method'], path: string, body?: string): Promise<string> {
  const answer = await connection.send({ method, path, ...(body !== undefined && { body }) })
  if (answer !== null && answer.status < 300) return answer.body
  throw new Failure(`${method} ${path} was not answered: ${answer?.body.trim() ?? 'the connection was cut'}`)
}

/** Defines the experiment and starts it. */
export async function prepare(connection: Line): Promise<void> {
  await ask(connection, 'PUT', `/experiments/${EXPERIMENT}`, JSON.stringify(DEFINITION))
  await ask(connection, 'POST', `/experiments/${EXPERIMENT}/start`)
}
