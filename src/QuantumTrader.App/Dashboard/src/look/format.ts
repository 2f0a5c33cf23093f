import { computed, signal } from '@preact/signals';
import { language, zone } from './preferences';
import type { Maybe } from '../live/documents';

/** What stands for a number that is not known. */
export const unknown = '–';

/** The exchange's time zone, as the pipeline's calendar says. */
export const exchangeZone = signal('UTC');

const locale = computed(() => navigator.languages.find(l => l.startsWith(language.value)) ?? (language.value === 'pt' ? 'pt-BR' : 'en-US'));
const timeZone = computed(() => (zone.value === 'utc' ? 'UTC' : zone.value === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : exchangeZone.value));
const numberFormats = new Map<string, Intl.NumberFormat>();
const timeFormats = new Map<string, Intl.DateTimeFormat>();

/** A number with exactly this many decimals. */
export function fixed(value: Maybe<number>, digits: number): string {
  return isNumber(value) ? numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value + 0) : unknown;
}

export function integer(value: Maybe<number>): string {
  return fixed(isNumber(value) ? Math.round(value) : value, 0);
}

/** A number whose size is not known beforehand, never with an exponent: small ones to four significant digits. */
export function plain(value: Maybe<number>): string {
  if (!isNumber(value)) {
    return unknown;
  }
  const size = Math.abs(value);
  return numbers(size >= 1000 ? { maximumFractionDigits: 2 } : size >= 10 ? { maximumFractionDigits: 3 } : size >= 1 ? { maximumFractionDigits: 5 } : { maximumSignificantDigits: 4 }).format(value + 0);
}

/** The same with its sign said, also for a gain. */
export function signed(value: Maybe<number>, digits: number): string {
  return isNumber(value) ? numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: 'exceptZero' }).format(value) : unknown;
}

/** A share of 1 as per cent. */
export function percent(share: Maybe<number>, digits = 0): string {
  return isNumber(share) ? numbers({ style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share) : unknown;
}

/** A number of many digits in a narrow place, such as 12.3 k. */
export function compact(value: Maybe<number>): string {
  return isNumber(value) ? numbers({ notation: 'compact', maximumSignificantDigits: 3 }).format(value) : unknown;
}

export function perSecond(value: Maybe<number>): string {
  return isNumber(value) ? `${compact(value)}/s` : unknown;
}

export function microseconds(value: Maybe<number>): string {
  if (!isNumber(value)) {
    return unknown;
  }
  const [size, unit] = value < 1000 ? [value, 'µs'] : value < 1_000_000 ? [value / 1000, 'ms'] : [value / 1_000_000, 's'];
  return `${numbers({ maximumSignificantDigits: 3 }).format(size)} ${unit}`;
}

export function seconds(value: Maybe<number>): string {
  if (!isNumber(value)) {
    return unknown;
  }
  return value < 1 ? `${fixed(value * 1000, 0)} ms` : value < 120 ? `${fixed(value, 1)} s` : value < 7200 ? `${fixed(value / 60, 1)} min` : `${fixed(value / 3600, 1)} h`;
}

/** A time of day; with `milliseconds` for ticks. The zone is said once, at the top of the page. */
export function timeOfDay(value: Maybe<string | number>, milliseconds = false): string {
  return times(value, { hour: '2-digit', minute: '2-digit', second: '2-digit', ...(milliseconds ? { fractionalSecondDigits: 3 } : {}) });
}

export function hourAndMinute(value: Maybe<string | number>): string {
  return times(value, { hour: '2-digit', minute: '2-digit' });
}

export function dateAndTime(value: Maybe<string | number>): string {
  return times(value, { year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** A day, its month as a word: 01/02 is two days. */
export function date(value: Maybe<string | number>): string {
  return times(value, { month: 'short', day: '2-digit' });
}

/** A day of the calendar, which is the same day in every zone. */
export function calendarDay(value: Maybe<string>): string {
  return value ? new Intl.DateTimeFormat(locale.value, { day: '2-digit', month: 'short', timeZone: 'UTC' }).format(new Date(`${value.slice(0, 10)}T00:00:00Z`)) : unknown;
}

/** The name of a weekday, Monday being 1. */
export function weekday(day: number): string {
  return new Intl.DateTimeFormat(locale.value, { weekday: 'short', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, day)));
}

/** The zone in which all times are shown. */
export function zoneName(): string {
  return timeZone.value;
}

function isNumber(value: Maybe<number>): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale.value + JSON.stringify(options);
  let format = numberFormats.get(key);
  if (!format) {
    numberFormats.set(key, (format = new Intl.NumberFormat(locale.value, options)));
  }
  return format;
}

function times(value: Maybe<string | number>, options: Intl.DateTimeFormatOptions): string {
  const time = typeof value === 'string' ? Date.parse(value) : value;
  if (!isNumber(time)) {
    return unknown;
  }
  const key = locale.value + timeZone.value + JSON.stringify(options);
  let format = timeFormats.get(key);
  if (!format) {
    timeFormats.set(key, (format = new Intl.DateTimeFormat(locale.value, { ...options, hourCycle: 'h23', timeZone: timeZone.value })));
  }
  return format.format(time);
}
