/** Whether an address of something outside of the homelab is still inside of the site's own network. Pure. */
import { contentOf, type HostFiles } from '../tree.ts';

/** RFC 6762 (.local), RFC 8375 (.home.arpa), the reserved .internal, and what home routers use; a name without a dot is of the LAN. */
const localName = /^[^.]+$|\.(local|lan|home|internal|home\.arpa)$/;
/** RFC 1918, loopback and link-local. */
const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', '169.254.0.0/16'];

/** By its name, its address, the devices that networking.yaml names, or the subnet of the LAN. Where networking.yaml is broken, any may be. */
export function isLocalAddress(url: string, host: HostFiles): boolean {
  if (host.networking === 'broken') return true;
  const name = URL.canParse(url) ? new URL(url).hostname : '';
  const networking = contentOf(host.networking);
  const devices = Object.values(networking?.devices ?? {}).map((device) => device.host);
  const blocks = [...privateBlocks, ...(networking?.lan?.subnet === undefined ? [] : [networking.lan.subnet])];
  const address = ipv4(name);
  if (devices.includes(name)) return true;
  return address === null ? localName.test(name) : blocks.some((block) => isIn(address, block));
}

/** As a number; null: not one. */
function ipv4(text: string): number | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null;
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function isIn(address: number, block: string): boolean {
  const [base = '', bits = '32'] = block.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor((ipv4(base) ?? -1) / size);
}
