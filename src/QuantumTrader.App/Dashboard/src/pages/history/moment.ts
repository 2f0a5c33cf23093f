/** A wall-clock time such as 2024-01-02T10:00:00 in a time zone, as milliseconds since 1970. */
export function fromWallClock(text: string, zone: string): number {
  const asUtc = Date.parse(`${text}Z`);
  if (!Number.isFinite(asUtc)) {
    return NaN;
  }
  // The offset depends on the time that is sought; the second round settles days on which clocks change.
  const first = asUtc - offset(asUtc, zone);
  return asUtc - offset(first, zone);
}

/** A moment as an input of type datetime-local wants it. */
export function toWallClock(time: number, zone: string): string {
  return new Date(time + offset(time, zone)).toISOString().slice(0, 19);
}

function offset(time: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }).formatToParts(time);
  const part = (type: string) => Number(parts.find(p => p.type === type)!.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - Math.floor(time / 1000) * 1000;
}
