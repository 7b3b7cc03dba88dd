/**
 * The network of one simulated machine: while it has power its actors connect as always; cutting it drops every connection at once,
 * without a goodbye, so that the broker publishes the wills, and refuses new ones.
 */
import { type Link, LinkClosedError, type Transport } from '../../bus/link.ts';

export class PowerSwitch {
  private readonly links = new Set<Link>();
  private isOn = true;

  /** The same transport behind this switch. */
  wire(transport: Transport): Transport {
    return {
      description: transport.description,
      connect: async (options, handlers) => {
        this.refuseWithoutPower();
        const link = await transport.connect(options, {
          onMessage: (message) => {
            handlers.onMessage(message);
          },
          onClose: (reason) => {
            this.links.delete(link);
            handlers.onClose(reason);
          },
        });
        this.links.add(link);
        if (!this.isOn) await link.close({ abrupt: true });
        this.refuseWithoutPower();
        return link;
      },
    };
  }

  async cut(): Promise<void> {
    this.isOn = false;
    await Promise.all([...this.links].map((link) => link.close({ abrupt: true })));
  }

  private refuseWithoutPower(): void {
    if (!this.isOn) throw new LinkClosedError('the simulated machine has no power');
  }
}
