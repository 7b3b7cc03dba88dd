/** Causes as bars of one span of time that ends now. Pure. */
import type { Incident } from '../../../../../contracts/incident.ts';

export interface Bar {
  readonly incident: Incident;
  /** Percent of the span. */
  readonly left: number;
  readonly width: number;
}

/** What was short must be seen and hit all the same. */
const widthMin = 0.8;
/** As many rows as a screen has. */
const barsMax = 20;

/** What began last first. */
export function barsOf(incidents: readonly Incident[], { nowMs, spanMs }: { readonly nowMs: number; readonly spanMs: number }): readonly Bar[] {
  const fromMs = nowMs - spanMs;
  const percent = (ms: number): number => (Math.min(Math.max(ms - fromMs, 0), spanMs) / spanMs) * 100;
  return incidents
    .filter(({ suppressed_by, resolved_at }) => suppressed_by === null && (resolved_at === null || Date.parse(resolved_at) >= fromMs))
    .sort((a, b) => b.started_at.localeCompare(a.started_at))
    .slice(0, barsMax)
    .map((incident) => {
      const from = percent(Date.parse(incident.started_at));
      const to = percent(incident.resolved_at === null ? nowMs : Date.parse(incident.resolved_at));
      const left = Math.min(from, 100 - widthMin);
      return { incident, left, width: Math.max(widthMin, to - left) };
    });
}
