import { expect, test } from 'vitest';
import { formOf, listOf, movesTo, type NetworkForm, parseNetwork, problemOf, settingsOf } from './settings';

const fixed: NetworkForm = {
  mode: 'static',
  address: '192.0.2.10/24',
  gateway: '192.0.2.1',
  dns: '192.0.2.53, 2001:db8::53',
  ntp: 'time.example, 192.0.2.123',
  hostname: 'gatehouse-0a1b2c',
};

test('a form without problems gives the settings it shows', () => {
  expect(problemOf(fixed)).toBeUndefined();
  const settings = settingsOf(fixed);
  expect(settings.dns).toEqual(['192.0.2.53', '2001:db8::53']);
  expect(formOf(settings)).toEqual(fixed);
});

test.each([
  [{ address: '' }, 'address'],
  [{ address: '192.0.2.10' }, 'address'],
  [{ address: '192.0.2.300/24' }, 'address'],
  [{ address: '192.0.02.10/24' }, 'address'],
  [{ address: '192.0.2.10/33' }, 'address'],
  [{ address: '192.0.2.0/24' }, 'address'],
  [{ address: '192.0.2.255/24' }, 'address'],
  [{ gateway: 'router' }, 'gateway'],
  [{ gateway: '192.0.3.1' }, 'gateway'],
  [{ gateway: '192.0.2.10' }, 'gateway'],
  [{ dns: 'dns.example' }, 'dns'],
  [{ ntp: 'time_server' }, 'ntp'],
  [{ ntp: '192.0.2' }, 'ntp'],
  [{ hostname: '-gate' }, 'hostname'],
  [{ hostname: 'gate house' }, 'hostname'],
  [{ hostname: 'x'.repeat(64) }, 'hostname'],
])('%j is refused at %s', (change, field) => {
  expect(problemOf({ ...fixed, ...change })?.field).toBe(field);
});

test('what DHCP gives is not asked for', () => {
  const form: NetworkForm = { ...fixed, mode: 'dhcp', address: 'rubbish', gateway: '' };
  expect(problemOf(form)).toBeUndefined();
  expect(settingsOf(form)).toMatchObject({ mode: 'dhcp', address: null, gateway: null });
});

test('the name it came with needs none, and IPv6 is left to the recorder', () => {
  expect(problemOf({ ...fixed, hostname: '' })).toBeUndefined();
  expect(problemOf({ ...fixed, address: '2001:db8::10/64', gateway: 'fe80::1' })).toBeUndefined();
});

test('a network without a router, or of two machines, is one too', () => {
  expect(problemOf({ ...fixed, gateway: '' })).toBeUndefined();
  expect(problemOf({ ...fixed, address: '192.0.2.0/31', gateway: '192.0.2.1' })).toBeUndefined();
});

test('lists are read as people write them', () => {
  expect(listOf(' a, b;c\n d ')).toEqual(['a', 'b', 'c', 'd']);
  expect(parseNetwork('10.0.0.9/8')).toMatchObject({ prefix: 8, host: 9 });
});

test('the page says where it moves to, unless it is reached by a name', () => {
  const settings = settingsOf(fixed);
  expect(movesTo(settings, '192.0.2.99', '')).toBe('https://192.0.2.10/');
  expect(movesTo(settings, '192.0.2.99', '8443')).toBe('https://192.0.2.10:8443/');
  expect(movesTo(settings, '192.0.2.10', '')).toBeUndefined();
  expect(movesTo(settings, 'gatehouse-0a1b2c.local', '')).toBeUndefined();
});
