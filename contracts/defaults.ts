/**
 * Every default that more than one actor relies on, with its unit and where the number comes from.
 * Anything an operator can change is read from the environment in `cli/settings.ts`, which falls back to these.
 */

/** Heartbeat of a node on its own site's broker. 30 s: two LTE-sized messages a minute, and a dead node shows in 90 s. */
export const heartbeatIntervalMs = 30_000;

/** A node is offline when its heartbeat is older than this many intervals by the observer's own clock (decided in the architecture, section 4). */
export const heartbeatIntervalsMissedMax = 3;

/** How long trouble must last before an incident opens. 20 s: `docker restart` and policy restarts finish well within it. */
export const incidentGraceMs = 20_000;

/**
 * A page hears its server at least this often. EventSource hides comments, so that it is an event; 156 bytes each over TLS with all headers and the
 * acknowledgement, 56 kB an hour in a silent homelab, less in another: it comes only when nothing else did. Far below the 60 s (nginx) or 90 s (Nginx
 * Proxy Manager) after which a proxy ends a connection on which nothing comes.
 */
export const streamAliveMs = 10_000;

/** Word of a bridge over the uplink. Costs 320 bytes each with all headers, 15 MB a month (17 MB with TLS); with the 15 s that an acknowledgement may take a dead link is known after 69 s. */
export const linkHeartbeatMs = 54_000;

/** A site whose link says nothing for this long counts as cut off, by the clock of who listens: three heartbeats of a bridge. A will says so within 90 s; it may never fire. */
export const linkSilentMs = 3 * linkHeartbeatMs;

/**
 * How long an uplink may be away before that is an incident, unless inventory/topology.yaml says otherwise. LTE is lost for minutes every day:
 * 15 min. A wired one is away while a router restarts, updates itself or is given a new address, which takes up to 5 min; after that a person is needed.
 */
export const linkQuietMs = { lte: 900_000, wired: 300_000 } as const;

/** Three changes of a verdict within this are flapping. 5 min, as monitoring systems usually have it: a restart and its end are two. 0: nothing ever flaps. */
export const flapWindowMs = 300_000;

/** Flapping is over after this long without a change. 10 min: twice the window, so that the pause between two bursts is no end. */
export const flapQuietMs = 600_000;

/** A service without a health check counts as healthy after running this long without a restart. Docker resets its own back-off after the same 10 s. */
export const settledAfterMs = 10_000;

/** How long the executor waits for a healthy container after the effect. Peers use 120 s (drydock's health gate); shorter gates fail slow starters. */
export const verifyWindowMs = 120_000;

/** What a claim may take beyond its verify window before the ledger gives it up as `outcome_unknown`. */
export const leaseMarginMs = 300_000;

/** An approval not begun within this time expires: what was agreed at noon must not restart something at midnight. */
export const approvalValidMs = 3_600_000;

/** After a rejected, expired or failed action the same id is not proposed again for this long, unless the evidence changes kind. */
export const reproposalCooldownMs = 3_600_000;

/** Crash-loop guard: this many executed restarts of one service within the window, and no more restarts are proposed. */
export const crashLoopRestartsMax = 3;
export const crashLoopWindowMs = 3_600_000;

/** Of notices about Home Assistant one of each kind in this time, unless HA_ALERT_COOLDOWN says otherwise. An hour as in the original system. */
export const haAlertCooldownMs = 3_600_000;

/** After Home Assistant's container stopped, what is said of it is its start for this long, unless HA_TRANSITION_WINDOW says otherwise. 5 min as in the original system. */
export const haTransitionWindowMs = 300_000;

/** From the completion of a restart of Home Assistant to the next proposal of one: it takes minutes to load everything. 30 min as in the original system. */
export const haRestartCooldownMs = 1_800_000;

/** Resolved incidents and finished actions leave the bus after this long; the journals keep them. */
export const resolvedKeptMs = 7 * 24 * 3_600_000;

/** Deleted topics are remembered this long, so that a late copy cannot bring one back (architecture section 2). */
export const tombstoneKeptMs = 24 * 3_600_000;

/** Days of events that an observer keeps. 30: what happened since the last bill or holiday. Not below 8: resolved incidents stay on the bus for 7, and a rebuild must find them. */
export const historyDays = 30;
export const historyDaysMin = 8;

/** Bytes of events that an observer keeps, whatever their age. 256 MiB: 1.6 % of a 16 GB card, and 750,000 events, which a rebuild reads in seconds. */
export const historyBytesMax = 256 * 1024 * 1024;

/** Newest entries kept in a document's history list; documents aim below 1.5 kB, journals keep everything. */
export const historyKeptInDocument = 20;

/** How often the stability-agent looks at everything. 60 s as in the original system: what fills or wears out does so over hours. */
export const stabilityCheckIntervalMs = 60_000;

/** A disk is nearly full from here, percent, unless DISK_THRESHOLD_PCT says otherwise. 90 as in the original system: room for one more large image. */
export const diskThresholdPct = 90;

/** Largest payload the bus accepts or sends, bytes. An action with 20 transitions is about 4 kB; the largest is the manifest of an observer, 60 bytes a document: this is for 4,000 of them. */
export const payloadBytesMax = 262_144;

/** Root of all topics, unless HOMELAB_TOPIC_ROOT says otherwise. */
export const topicRoot = 'homelab';

/** The site of a machine that no topology places elsewhere. */
export const defaultSite = 'hub';
