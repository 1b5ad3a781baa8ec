/** The times between the frames of a page that draws all the time, as an animation does. */
export class Frames {
  readonly gaps: number[] = []
  #isDrawing = true
  #last = performance.now()

  constructor() {
    const frame = () => {
      const now = performance.now()
      this.gaps.push(now - this.#last)
      this.#last = now
      if (this.#isDrawing) requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  }

  /** The gaps from its beginning to the next frame, in milliseconds. */
  async stop(): Promise<readonly number[]> {
    this.#isDrawing = false
    await new Promise(resolve => requestAnimationFrame(resolve))
    return this.gaps
  }
}

/** The gaps between frames while `work` lasts. */
export async function framesOf(work: () => Promise<unknown>): Promise<readonly number[]> {
  const frames = new Frames()
  await work()
  return frames.stop()
}
