/** Which directory a command read the declared homelab from: who stands in another checkout must see that it was not that one. Pure. */
import type { Settings } from '../settings.ts';

export const whereRead = ({ inventoryDir }: Pick<Settings, 'inventoryDir'>): string => `Read from ${inventoryDir} (HOMELAB_INVENTORY names another)`;
