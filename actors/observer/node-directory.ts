/** A node's name as a directory name: `.` and `..` are names a topic allows and a file system does not. Reversible. */

/** ext4 and most others allow 255 bytes; the rest is for suffixes. */
const directoryBytesMax = 240;

/** null: this name cannot be stored (only names of hundreds of bytes). */
export function directoryOf(node: string): string | null {
  const escaped = node.replaceAll('%', '%25').replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
  return new TextEncoder().encode(escaped).length <= directoryBytesMax ? escaped : null;
}

export const nodeOfDirectory = (directory: string): string => directory.replaceAll('%2E', '.').replaceAll('%25', '%');
