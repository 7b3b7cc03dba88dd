/** Forms of secrets that can be told by their looks. Sources: the publishers' own descriptions of their tokens. */

export interface SecretForm {
  readonly what: string;
  /** Global; what it matches is never shown. */
  readonly pattern: RegExp;
}

export const secretForms: readonly SecretForm[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/g },
  { what: 'a private key of age', pattern: /\bAGE-SECRET-KEY-1[0-9A-Z]{20,}/g },
  { what: 'an access key of AWS', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { what: 'a token of GitHub', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/g },
  { what: 'a token of GitLab', pattern: /\bglpat-[A-Za-z0-9_-]{20,}/g },
  { what: 'a token of Slack', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g },
  { what: 'a web hook of Slack', pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]{6,}\/B[A-Z0-9]{6,}\/[A-Za-z0-9]{16,}/g },
  { what: 'a web hook of Discord', pattern: /discord(?:app)?\.com\/api\/webhooks\/\d{10,}\/[\w-]{40,}/g },
  { what: 'a token of a Telegram bot', pattern: /(?<![\w:-])\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])/g },
  { what: 'a signed token (JWT), such as a long-lived one of Home Assistant', pattern: /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g },
  { what: 'an API key of Anthropic', pattern: /\bsk-ant-[A-Za-z0-9_-]{20,}/g },
  { what: 'an API key of OpenAI', pattern: /\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}/g },
  { what: 'an API key of Google', pattern: /\bAIza[A-Za-z0-9_-]{35}\b/g },
  { what: 'a token of npm', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { what: 'a key of Tailscale', pattern: /\btskey-(?:auth|api|client)-[A-Za-z0-9]+-[A-Za-z0-9]{10,}/g },
  { what: 'a live key of Stripe', pattern: /\b[rs]k_live_[A-Za-z0-9]{20,}/g },
];

/** What stands between an option and its value in a shell, in a list of words, or in JSON. */
const gap = String.raw`["',=\s\\]+`;
/** What may stand before it within one command. */
const words = String.raw`[^\n|;&#]*?[\s"',]`;
const onCommand = (command: string, value: string): RegExp => new RegExp(`${command}${value}`, 'g');
/** Up to the end of the word, or of its quotes. */
const word = String.raw`(<[^>\n]*>|[^\s"',\\]+)`;

/** Passwords where programs take them on their command line or in a header; the first group is the value. Sources: the manuals of these programs. */
export const passedSecrets: readonly RegExp[] = [
  onCommand(String.raw`\bcurl\b${words}(?:-u|--user|--proxy-user)${gap}`, String.raw`[^\s:"'$]+:${word}`),
  onCommand(String.raw`\bcurl\b${words}-u`, String.raw`[^\s:"'$,]+:${word}`),
  onCommand(String.raw`\bmosquitto_(?:sub|pub|rr)\b${words}(?:-P|--pw)${gap}`, word),
  onCommand(String.raw`\bredis-cli\b${words}(?:-a|--pass)${gap}`, word),
  onCommand(String.raw`\bsshpass\b${words}-p[ "',]*`, word),
  onCommand(String.raw`\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b${words}-p`, word),
  onCommand(String.raw`(?:^|[\s"'])--(?:[a-z]+-)?(?:password|passwd|requirepass|masterauth|token|secret|api-?key)${gap}`, word),
  /^[ \t]*(?:requirepass|masterauth)[ \t]+(\S+)/gm,
  /\bAuthorization["']?\s*[:=]\s*["']?(?:Bearer|Basic|Token)\s+([^\s"']{6,})/gi,
];
