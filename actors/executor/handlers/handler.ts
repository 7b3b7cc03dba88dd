/** What the machine must know of an action type: which effect, on what, and who must confirm it. Data only. */

export const effectNames = ['restart_container', 'run_healthcheck', 'collect_diagnostics', 'clean_disk'] as const;
export type EffectName = (typeof effectNames)[number];

export type Handler =
  | {
      readonly effect: EffectName;
      /** The container that stands for the service, or the node itself. */
      readonly on: 'container' | 'node';
      /** `health`: completed only once the node-agent saw a healthy, newly started container. `none`: done when the engine has answered. */
      readonly verify: 'health' | 'none';
    }
  /** Nobody does this: the action fails with `handler_missing` and this reason, and nothing is touched. */
  | { readonly effect: null; readonly why: string };
