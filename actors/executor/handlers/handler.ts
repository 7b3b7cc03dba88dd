/** What the machine must know of an action type: which effect, on what, and who must confirm it. Data only. */

export const effectNames = ['restart_container', 'redeploy_service', 'run_healthcheck', 'collect_diagnostics', 'clean_disk'] as const;
export type EffectName = (typeof effectNames)[number];

export type Handler =
  | {
      readonly effect: EffectName;
      /** The container that stands for the service; the service itself, which may have lost it; or the node. */
      readonly on: 'container' | 'service' | 'node';
      /** `health`: completed only once the node-agent saw a healthy, newly started container. `none`: done when the engine has answered. */
      readonly verify: 'health' | 'none';
    }
  /** Nobody does this: the action fails with `handler_missing` and this reason, and nothing is touched. */
  | { readonly effect: null; readonly why: string };
