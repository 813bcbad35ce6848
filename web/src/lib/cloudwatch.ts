/* What is wrong with a CloudWatch job. */
import type { CloudWatchPlace } from '../api/hearth';

/** What hearth cloudwatch doctor finds wrong in a place. */
export function troubles(p: CloudWatchPlace): string[] {
  const nothing = p.found === 0;
  const minutes = Math.round((p.clockSkewNanoseconds ?? 0) / 6e10);
  return [
    p.capped && 'Stopped by the daily cap until tomorrow (UTC).',
    ...Object.entries(p.problems ?? {}).map(([doing, what]) => `${doing}: ${what}`),
    nothing && p.unlisted?.length && `CloudWatch has no metrics called ${p.unlisted.join(', ')} there.`,
    nothing && p.unwanted?.length && `CloudWatch has ${p.unwanted.join(', ')} with other dimensions only.`,
    p.skipped && `${p.skipped} metrics belong to no resource that was found: tag their resources.`,
    p.duplicates && `${p.duplicates} metrics have the same labels as another and are left out.`,
    p.lastRefusal && `The workspace refused datapoints: ${p.lastRefusal}`,
    minutes && `CloudWatch's clock is ${Math.abs(minutes)} min ${minutes > 0 ? 'ahead of' : 'behind'} Hearth's.`,
  ].filter((line): line is string => typeof line === 'string');
}
