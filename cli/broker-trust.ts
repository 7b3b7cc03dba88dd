/** Why a broker's certificate was refused, in words that say what to do: by the codes of OpenSSL and Node, wherever they are among the causes. Pure. */

type Doubt = 'authority' | 'name' | 'time' | 'no-tls';

/** X509_V_ERR_… of OpenSSL (x509_vfy.h) as Node names them, and Node's own for a wrong name; `wrong version number` is what no TLS looks like. */
const doubts: Readonly<Record<string, Doubt>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'authority',
  UNABLE_TO_GET_ISSUER_CERT: 'authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'authority',
  CERT_SIGNATURE_FAILURE: 'authority',
  INVALID_CA: 'authority',
  CERT_UNTRUSTED: 'authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name',
  CERT_HAS_EXPIRED: 'time',
  CERT_NOT_YET_VALID: 'time',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no-tls',
};

interface Advice {
  /** A sentence. */
  readonly text: string;
  /** A line for a shell. */
  readonly mend: string;
}

/** The connection was there; the certificate, or that there was none, is what ended it. */
export class UntrustedBrokerError extends Error {
  override readonly name = 'UntrustedBrokerError';
  /** A line for a shell. */
  readonly mend: string;
  constructor(message: string, mend: string, cause: unknown) {
    super(message, { cause });
    this.mend = mend;
  }
}

/** The same error, or one that also says what to do. `caFile`: what HOMELAB_BROKER_CA names. */
export function withAdvice(error: unknown, caFile: string | undefined): unknown {
  const doubt = doubtOf(error);
  if (doubt === null || !(error instanceof Error)) return error;
  const { text, mend } = adviceOn(doubt, caFile);
  return new UntrustedBrokerError(`${error.message}. ${text}`, mend, error);
}

/** Of several brokers the first that was doubted. */
function doubtOf(error: unknown): Doubt | null {
  if (!(error instanceof Error)) return null;
  const { code } = error as NodeJS.ErrnoException;
  const own = code === undefined ? undefined : doubts[code];
  if (own !== undefined) return own;
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  return inner.map(doubtOf).find((doubt) => doubt !== null) ?? null;
}

function adviceOn(doubt: Doubt, caFile: string | undefined): Advice {
  if (doubt === 'name')
    return {
      text: 'Name it in the URL as its certificate does, or make a certificate with this name too, where its authority is: homelab creds certificate <host…>',
      mend: 'homelab creds certificate <host…>   # every name and address that clients use, where ca-key.pem is; then restart the broker',
    };
  if (doubt === 'time')
    return {
      text: 'Its certificate, or the clock of this machine, is of another time. A new one, where its authority is: homelab creds certificate <host…>',
      mend: 'date; homelab creds certificate <host…>   # the same hosts again, where ca-key.pem is; then restart the broker',
    };
  if (doubt === 'no-tls')
    return {
      text: 'That port speaks without TLS: mqtts:// needs the one with TLS, usually 8883',
      mend: 'export HOMELAB_BROKER_URL=mqtts://<host>:8883   # or mqtt:// for the port without TLS',
    };
  const signed = caFile === undefined ? 'no public authority signed its certificate' : `its certificate was not signed by the authority in ${caFile}`;
  return {
    text: `HOMELAB_BROKER_CA must name the ca.pem of the machine that made it (homelab creds ca): ${signed}`,
    mend: 'export HOMELAB_BROKER_CA=ca.pem   # the file tls/ca.pem from the data directory of the machine with `homelab creds ca`',
  };
}
