import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESSES } from './addresses.ts';

describe('an address', () => {
  it.each([
    ['inet', '192.168.0.1', '192.168.0.1'],
    ['inet', '192.168.0.1/32', '192.168.0.1'],
    ['inet', '192.168.0.1/24', '192.168.0.1/24'],
    ['inet', '2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['inet', '::', '::'],
    ['inet', '::1/128', '::1'],
    ['inet', '1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['inet', '1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
    ['inet', '1:2:3:4:5:6::', '1:2:3:4:5:6::'],
    ['inet', '::ffff:102:304', '::ffff:1.2.3.4'],
    ['inet', '::1.2.3.4', '::1.2.3.4'],
    ['inet', '64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['cidr', '10.0.0.0/8', '10.0.0.0/8'],
    ['cidr', '10.0.0.1', '10.0.0.1/32'],
    ['cidr', '2001:DB8::/32', '2001:db8::/32'],
    ['inet4', '10.0.0.1', '10.0.0.1'],
    ['inet6', '2001:DB8::1', '2001:db8::1'],
    ['inet6', '1:0:2:0:3:0:4:0', '1::2:0:3:0:4:0'],
    ['inet6', '::ffff:102:304', '::ffff:1.2.3.4'],
    ['macaddr', '08-00-2B-01-02-03', '08:00:2b:01:02:03'],
    ['macaddr', '0800.2b01.0203', '08:00:2b:01:02:03'],
    ['macaddr', '08002B010203', '08:00:2b:01:02:03'],
    ['macaddr8', '08:00:2b:01:02:03:04:05', '08:00:2b:01:02:03:04:05'],
  ])('%s %s', (type, spelling, printed) => {
    expect(ADDRESSES[type]?.(spelling)).toBe(printed);
    expect(ADDRESSES[type]?.(printed)).toBe(printed);
  });

  it.each([
    ['inet', '10.0.0'],
    ['inet', '10.0.0.256'],
    ['inet', '010.0.0.1'],
    ['inet', '10.0.0.1/33'],
    ['inet', '::1/129'],
    ['inet', '1::2::3'],
    ['inet', ' ::1'],
    ['inet', 'fe80::1%eth0'],
    ['inet', ''],
    ['inet4', '10.0.0.1/24'],
    ['inet4', '::1'],
    ['inet6', '10.0.0.1'],
    ['inet6', '2001:db8::/32'],
    ['inet6', 'fe80::1%eth0'],
    ['cidr', '10.0.0.1/8'],
    ['cidr', '2001:db8::1/64'],
    ['macaddr', '08:00:2b'],
    ['macaddr', '08:00-2b:01:02:03'],
    ['macaddr', '0g:00:2b:01:02:03'],
    ['macaddr8', '08:00:2b:01:02:03'],
  ])('%s is not %s', (type, text) => expect(ADDRESSES[type]?.(text)).toBeNull());

  it('is the same however it is spelt', () => {
    const words = fc.array(fc.oneof(fc.constant(0), fc.nat(65_535)), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(words, (address) => {
        const long = address.map((word) => word.toString(16).padStart(4, '0')).join(':');
        const short = ADDRESSES['inet']?.(long) ?? '';
        expect(ADDRESSES['inet']?.(short)).toBe(short);
        expect(ADDRESSES['inet']?.(long.toUpperCase())).toBe(short);
        expect(ADDRESSES['cidr']?.(short)).toBe(`${short}/128`);
      }),
    );
  });
});
