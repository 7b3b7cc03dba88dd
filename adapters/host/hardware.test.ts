import { describe, expect, it } from 'vitest';
import { coresOf, isPublic, mediumOf, readHardware, systemOf } from './hardware.ts';

describe('the hardware of a machine', () => {
  it('counts cores, not threads, and knows nothing where the kernel says nothing', () => {
    const thread = (socket: number, core: number): string => `processor\t: 0\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
    expect(coresOf([thread(0, 0), thread(0, 0), thread(0, 1), thread(1, 0)].join('\n'))).toBe(3);
    expect(coresOf('processor\t: 0\nBogoMIPS\t: 108.00\n\nprocessor\t: 1\n')).toBeNull();
  });

  it.each([
    ['ID=debian\nVERSION_ID="12"\n', 'debian-12'],
    ['PRETTY_NAME="Arch Linux"\nID=arch\n', 'arch'],
    ['', null],
  ])('names the system %j', (release, expected) => {
    expect(systemOf(release)).toBe(expected);
  });

  it.each([
    ['mmcblk0', '0', 'SD', 'sd_card'],
    ['mmcblk1', '0', 'MMC', 'emmc'],
    ['nvme0n1', '0', '', 'nvme'],
    ['vda', '1', '', 'virtual'],
    ['sda', '1', '', 'hdd'],
    ['sdb', '0', '', 'ssd'],
    ['loop0', '', '', null],
  ])('tells the medium of %s', (name, rotational, type, expected) => {
    expect(mediumOf(name, rotational, type)).toBe(expected);
  });

  it('tells addresses of the internet from those of a home, a carrier and a mesh', () => {
    expect(['10.0.0.1', '192.168.1.2', '172.16.0.1', '172.31.9.9', '100.64.0.1', '100.127.1.1', '169.254.1.1', '127.0.0.1'].filter(isPublic)).toEqual([]);
    expect(['192.0.2.1', '172.32.0.1', '100.128.0.1'].filter((address) => !isPublic(address))).toEqual([]);
  });

  it('is read on this machine without a failure, also of a directory that is not there', async () => {
    expect((await readHardware('/')).disk.bytes).toBeGreaterThan(0);
    expect(await readHardware('/nowhere')).toMatchObject({ disk: { bytes: null, medium: null } });
  });
});
