/** The network form: what it holds as text, what is wrong with it, and what is sent. Pure. */
import type { NetworkSettings } from '../../../api/appliance';
import type { Problem } from '../../../api/model';

export interface NetworkForm {
  mode: 'dhcp' | 'static';
  address: string;
  gateway: string;
  dns: string;
  ntp: string;
  hostname: string;
}

/** The form of settings; lists are written with commas. */
export function formOf(settings: NetworkSettings): NetworkForm {
  return {
    mode: settings.mode,
    address: settings.address ?? '',
    gateway: settings.gateway ?? '',
    dns: settings.dns.join(', '),
    ntp: settings.ntp.join(', '),
    hostname: settings.hostname,
  };
}

/** The settings of a form without problems. Under DHCP, what the network gives is left to it. */
export function settingsOf(form: NetworkForm): NetworkSettings {
  const fixed = form.mode === 'static';
  return {
    mode: form.mode,
    address: fixed ? form.address.trim() : null,
    gateway: fixed && form.gateway.trim() ? form.gateway.trim() : null,
    dns: listOf(form.dns),
    ntp: listOf(form.ntp),
    hostname: form.hostname.trim(),
  };
}

/** The first thing wrong with a form, about the input it concerns. */
export function problemOf(form: NetworkForm): Problem | undefined {
  return (
    hostnameProblem(form.hostname.trim()) ?? (form.mode === 'static' ? fixedProblem(form) : undefined) ?? servers(form)
  );
}

function fixedProblem(form: NetworkForm): Problem | undefined {
  if (form.address.includes(':')) return undefined; // IPv6 is judged by the recorder
  const own = parseNetwork(form.address.trim());
  if (!own)
    return wrong(
      'address',
      'This is no address with its network',
      'Write it with the length of the network: 192.0.2.10/24.',
    );
  if (own.prefix < 31 && (own.host === 0 || own.host === own.size - 1))
    return wrong('address', 'This is an address of the network itself', 'Choose one between its first and its last.');
  const gateway = form.gateway.trim();
  if (!gateway) return undefined;
  const at = parseAddress(gateway);
  if (at === undefined) return wrong('gateway', 'This is no address', 'Write it as four numbers: 192.0.2.1.');
  if (at === own.address) return wrong('gateway', 'This is the recorder’s own address', 'Enter that of the router.');
  if (Math.floor(at / own.size) !== Math.floor(own.address / own.size))
    return wrong(
      'gateway',
      'The router is not in this network',
      `It must share the first ${own.prefix} bits of the address.`,
    );
  return undefined;
}

function servers(form: NetworkForm): Problem | undefined {
  const badDns = listOf(form.dns).find((each) => parseAddress(each) === undefined && !isIpv6(each));
  if (badDns) return wrong('dns', `${badDns} is no address`, 'Name servers are given by address, with commas between.');
  const badNtp = listOf(form.ntp).find((each) => parseAddress(each) === undefined && !isIpv6(each) && !isName(each));
  if (badNtp) return wrong('ntp', `${badNtp} is no address or name`, 'Write time servers with commas between.');
  return undefined;
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

function hostnameProblem(name: string): Problem | undefined {
  if (name === '' || LABEL.test(name)) return undefined;
  const remedy = 'Letters, digits and hyphens between them, at most 63; empty for the name it came with.';
  return wrong('hostname', 'This cannot be a name on the network', remedy);
}

function isName(text: string): boolean {
  return text.length <= 253 && !/^[\d.]+$/.test(text) && text.split('.').every((label) => LABEL.test(label));
}

function isIpv6(text: string): boolean {
  return text.includes(':') && /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
}

interface Network {
  address: number;
  prefix: number;
  /** How many addresses it has, and which of them this one is. */
  size: number;
  host: number;
}

/** "192.0.2.10/24" as numbers. */
export function parseNetwork(text: string): Network | undefined {
  const [left = '', right = '', more] = text.split('/');
  const address = parseAddress(left);
  const prefix = /^\d{1,2}$/.test(right) ? Number(right) : Number.NaN;
  if (address === undefined || more !== undefined || !(prefix >= 1 && prefix <= 32)) return undefined;
  const size = 2 ** (32 - prefix);
  return { address, prefix, size, host: address % size };
}

/** "192.0.2.10" as a number of 32 bits; leading zeros are refused, since some read them as octal. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** What stands between commas or spaces. */
export function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

function wrong(field: string, title: string, remedy: string): Problem {
  return { code: `bad-${field}`, title, status: 400, remedy, field };
}

/** Where the page is reached after these settings, if that is another address than now. */
export function movesTo(settings: NetworkSettings, host: string, port: string): string | undefined {
  const address = settings.mode === 'static' ? settings.address?.split('/')[0] : undefined;
  if (!address || address === host || parseAddress(host) === undefined) return undefined;
  return `https://${address}${port ? `:${port}` : ''}/`;
}
