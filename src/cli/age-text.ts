/** How long before now a moment (microseconds since 1970) was, such as `3 min`; 0 for one that is still to come. */
export function ageText(atUs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atUs / 1000) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
