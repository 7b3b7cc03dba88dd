/** What a value of an environment variable may look like, and what is said of one that does not. Pure. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { parseBrokerUrl } from '../bus/mqtt-socket.ts';
import { NodeName } from '../contracts/common.ts';

export const seconds = (fallbackMs: number, least = 0): z.ZodType<number, string | undefined> =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined || text === '') return fallbackMs;
      const value = Number(text);
      if (Number.isFinite(value) && value >= least && value <= 86_400) return Math.round(value * 1000);
      ctx.addIssue({ code: 'custom', message: `expected seconds, ${least} to 86400` });
      return z.NEVER;
    });

export const wholeNumber = (fallback: number, { least, most }: { readonly least: number; readonly most: number }): z.ZodType<number, string | undefined> =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined || text === '') return fallback;
      const value = Number(text);
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      ctx.addIssue({ code: 'custom', message: `expected a whole number, ${least} to ${most}` });
      return z.NEVER;
    });

export const port = <Fallback extends number | null>(fallback: Fallback): z.ZodType<number | Fallback, string | undefined> =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined || text === '') return fallback;
      const value = Number(text);
      if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
      ctx.addIssue({ code: 'custom', message: 'expected a port, 0 to 65535 (0 = any free one)' });
      return z.NEVER;
    });

export const percentage = (fallback: number): z.ZodType<number, string | undefined> =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined || text === '') return fallback;
      const value = Number(text);
      if (Number.isFinite(value) && value >= 10 && value <= 99) return value;
      ctx.addIssue({ code: 'custom', message: 'expected percent, 10 to 99' });
      return z.NEVER;
    });

export const flag = (fallback: boolean): z.ZodType<boolean, string | undefined> =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      if (text === undefined || text === '') return fallback;
      if (text === 'true' || text === 'false') return text === 'true';
      ctx.addIssue({ code: 'custom', message: 'expected true or false' });
      return z.NEVER;
    });

/** A file or address; empty counts as not said. */
export const said = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));

/** What is wrong with one URL, or null. */
function brokerUrlFault(text: string): string | null {
  try {
    parseBrokerUrl(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export const brokerUrl = z.string().transform((text, ctx) => {
  const urls = text.split(',').map((each) => each.trim());
  const fault = urls.map(brokerUrlFault).find((each) => each !== null);
  if (fault === undefined) return urls;
  ctx.addIssue({ code: 'custom', message: `expected mqtt://host:port or mqtts://host:port, several separated by commas (${fault})` });
  return z.NEVER;
});

export const oneBrokerUrl = z.string().superRefine((text, ctx) => {
  const fault = text.includes(',') ? 'only one can be named here' : brokerUrlFault(text);
  if (fault !== null) ctx.addIssue({ code: 'custom', message: `expected mqtt://host:port or mqtts://host:port (${fault})` });
});

export const aliasMap = z
  .string()
  .optional()
  .transform((text, ctx) => {
    if (text === undefined || text === '') return {};
    try {
      return z.record(z.string(), NodeName).parse(JSON.parse(text));
    } catch {
      ctx.addIssue({ code: 'custom', message: 'expected JSON such as {"node-2":"chelsty-infra"}' });
      return z.NEVER;
    }
  });

export const list = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === '' ? [] : text.split(',').map((name) => name.trim())));

/** The origin of a page: scheme, name and port, nothing behind them. */
export const httpUrl = z.string().superRefine((text, ctx) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.username === '' && url.search === '' && url.hash === '') return;
  ctx.addIssue({ code: 'custom', message: 'expected https://name or http://name:port, without a path' });
});

const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

export const networks = list.superRefine((texts, ctx) => {
  const wrong = texts.find((text) => !isNetwork(text));
  if (wrong !== undefined)
    ctx.addIssue({ code: 'custom', message: `expected addresses such as 192.0.2.7 or 192.0.2.0/24, separated by commas, not ${JSON.stringify(wrong)}` });
});
