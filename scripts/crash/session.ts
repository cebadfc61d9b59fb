// One life of the service: started, used, and gone afterwards.
import { ask, HttpClient, type Sender } from '../http/client.ts'
import { type Launch, ServiceProcess } from '../service/service-process.ts'
import { DEFINITION, EXPERIMENT } from './definition.ts'

/**
 * The service is gone when this resolves or throws.
 *
 * @throws Failure when it does not start
 */
export async function withService<Result>(
  launch: Launch,
  use: (service: ServiceProcess, client: HttpClient) => Promise<Result>,
): Promise<Result> {
  const service = new ServiceProcess(launch)
  try {
    const client = new HttpClient(await service.started())
    try {
      return await use(service, client)
    } finally {
      client.close()
    }
  } finally {
    await service.kill()
  }
}

/** Defines the experiment and starts it. */
export async function prepare(service: Sender): Promise<void> {
  await ask(service, 'PUT', `/experiments/${EXPERIMENT}`, DEFINITION)
  await ask(service, 'POST', `/experiments/${EXPERIMENT}/start`)
}
