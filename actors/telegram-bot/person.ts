/** Whom the history names for somebody in Telegram. Pure. */
import type { TelegramUser } from './ports.ts';

/** A name is for people to read; the number is who it is. */
const nameCharsMax = 40;

/**
 * `Anna K (tg 1234)`: as the operator calls that number, else as they call themselves. Whatever that is, it must not pass for another
 * person in the line `<person> via <login>`: letters, digits and a few marks, and the number behind it.
 */
export function personOf({ id, name }: TelegramUser, chats: ReadonlyMap<number, string | null>): string {
  const known = chats.get(id) ?? name;
  const plain = known
    .replaceAll(/[^\p{L}\p{N} ._-]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, nameCharsMax)
    .trim();
  return `${plain === '' ? 'somebody' : plain} (tg ${id})`;
}
