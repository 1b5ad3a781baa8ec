import { UnsupportedModel } from '../../core/errors'

/** A model of an architecture that is not known here. */
export class UnknownArchitecture extends UnsupportedModel {
  /**
   * @param architecture as the model names it
   * @param where the field that names it, and what it holds
   */
  constructor(
    readonly architecture: string,
    readonly where: string,
    supported: Iterable<string>,
  ) {
    super(`${where}; supported are ${[...supported].join(', ')}.`)
  }

  /** Says why it does not load and what is nearest, where that is known: sentences that are loaded only then. */
  async explained(): Promise<UnsupportedModel> {
    // where the sentences do not load, what is known without them is still true
    const reasons = await import('./unsupported').catch(() => undefined)
    const why = reasons?.whyUnsupported(this.architecture)
    return new UnsupportedModel(why ? `${this.where}: ${why}` : this.message)
  }
}
