import { openGpu } from '../../gpu/device'
import { type Ceilings, measureCeilings } from './ceilings'
import { Fixture } from './fixture'
import { Timer } from './timing'

/** Measures the ceilings on a device of its own. @throws UnsupportedDevice */
export async function deviceCeilings(gpu?: GPU): Promise<{ readonly adapter: string; readonly ceilings: Ceilings }> {
  const fixture = new Fixture(await openGpu({ gpu }))
  try {
    const timer = new Timer(fixture)
    await timer.calibrate()
    return { adapter: fixture.gpu.adapter, ceilings: await measureCeilings(fixture, timer) }
  } finally {
    fixture.dispose()
  }
}
