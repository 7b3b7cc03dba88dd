/**
 * Secrets that are known by their form, whatever stands around them: tokens with a prefix of their own, addresses that are the key themselves,
 * password hashes, private keys. A table and one function. Pure.
 *
 * The forms are those of the rule set of gitleaks (config/gitleaks.toml, MIT), less strict: no lengths to the character, no entropy, because
 * what is cut off must go too, and a hole costs less than a leak. Tailscale's are on its page "Key prefixes", Home Assistant's and
 * Discord's webhooks in their API references, ours in adapters/logins.
 * Each pattern begins with something rare and repeats one class of characters, so that long lines of logs take linear time.
 */

/** What stands where a secret was. Contains nothing that could itself be part of a secret of 6 characters. */
export const redacted = '***';

const tokens: readonly RegExp[] = [
  // GitHub, GitLab, Slack, OpenAI and Anthropic, Stripe, Docker Hub, Grafana, DigitalOcean, Linear, Sentry, ours.
  /(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|ft|imt|soat|agent|ffct)-|xox[a-z]-|xapp-|sk-|[sr]k_(?:live|test)_|dckr_[po]at_|gl(?:sa|c)_|do[opr]_v1_|lin_api_|sntry[su]_|homelab_)[\w=.-]{8,}/g,
  // npm, Hugging Face, PyPI, Vault, Doppler: their prefixes begin other names too, so that length counts.
  /(?<![A-Za-z0-9])(?:(?:npm|hf)_[A-Za-z0-9]{20,}|pypi-AgE[\w-]{8,}|hv[sbr]\.[\w-]{16,}|dp\.[a-z]{2,5}\.\w{16,})/g,
  // Tailscale, and what WireGuard keys are called there.
  /(?<![A-Za-z0-9])(?:tskey-|privkey:)[\w-]{8,}/g,
  // AWS and Google.
  /(?<![A-Za-z0-9])(?:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}|AIza[\w-]{20,}|ya29\.[\w.-]{16,})/g,
  // SendGrid, Brevo, New Relic, Postman, age, 1Password.
  /(?<![A-Za-z0-9])(?:SG\.[\w-]{16,}\.[\w-]{8,}|xkeysib-[\w-]{16,}|NRAK-\w{16,}|PMAK-[\w-]{16,}|AGE-SECRET-KEY-1\w{16,}|ops_eyJ[\w+/=-]{16,})/g,
  // Bots of Telegram: the number of the bot, and its key.
  /(?<!\d)\d{5,16}(?::|%3A)A[\w-]{20,}/g,
  // JSON in Base64: JWTs, which is what Home Assistant's tokens are, and the tokens of Cloudflare tunnels.
  /(?<![A-Za-z0-9])eyJ[\w+/=-]{8,}(?:\.[\w-]{4,}){0,4}/g,
  // Password hashes of crypt, Mosquitto, Argon2 and their like.
  /\$(?:\d[a-z]?|2[abxy]|y|gy|apr1|argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]{0,12})\$[\w./+=,$*-]{8,}/g,
];

/** Addresses of which the last part is the key: whoever knows it may post. What they belong to stays. */
const keyedAddresses: readonly RegExp[] = [
  /(hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/)[\w/+%-]{8,}/gi,
  /(discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/)[\w/+%-]{8,}/gi,
  /(webhook\.office\.com\/)[\w/@+%-]{8,}/gi,
  /(hooks\.zapier\.com\/hooks\/catch\/)[\w/+%-]{8,}/gi,
  // Of Home Assistant.
  /(\/api\/webhook\/)[\w%-]{8,}/gi,
];

/** With its end, or up to the end of the text where that is cut off. */
const privateKey = /-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----|[\s\S]*)/g;
/** One of which the beginning is cut off: at most 100 lines of Base64; a key of 4,096 bits has 52. */
const privateKeyEnd = /(?<![\w+/=])(?:[\w+/=]{24,80}(?:\s{1,2}|\\n)){0,100}[\w+/=]{0,8000}(?:\s{1,2}|\\n)?-----END[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** A line of one that is printed line by line: 64 characters by RFC 7468, 70 by OpenSSH. Hashes and ids have small letters only. */
const keyLine = /(?<!\S)(?=\S{0,69}[A-Z])(?=\S{0,69}[a-z])(?:[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{70})(?!\S)/g;

export function withoutKnownForms(text: string): string {
  let left = text.includes('PRIVATE KEY') ? text.replace(privateKey, redacted).replace(privateKeyEnd, redacted) : text;
  left = left.replace(keyLine, redacted);
  for (const address of keyedAddresses) left = left.replace(address, `$1${redacted}`);
  for (const token of tokens) left = left.replace(token, redacted);
  return left;
}
