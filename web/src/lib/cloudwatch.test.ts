import { describe, expect, it } from 'vitest';
import type { CloudWatchPlace } from '../api/hearth';
import { troubles } from './cloudwatch';

const well: CloudWatchPlace = {
  job: 'ECS/ContainerInsights', kind: 'discovery', region: 'us-east-1', resources: 2, found: 14, skipped: 0, duplicates: 0, requested: 14, answered: 14, absent: 0, written: 14, writtenTotal: 14,
  refusedTotal: 0, errorsTotal: 0, capped: false, lastPoll: '', nextPoll: '', predictedMonth: 1, clockSkewNanoseconds: 2e9,
};

describe('troubles of a CloudWatch job', () => {
  it('has none where all is well, and does not mind a name that has no metric yet', () => {
    expect(troubles(well)).toEqual([]);
    expect(troubles({ ...well, unlisted: ['Errors'] })).toEqual([]);
  });
  it('tells why nothing is found', () => {
    expect(troubles({ ...well, found: 0, unlisted: ['CpuUsed'], unwanted: ['CpuReserved'] })).toEqual(['CloudWatch has no metrics called CpuUsed there.', 'CloudWatch has CpuReserved with other dimensions only.']);
  });
  it('tells what fails, what is left out and what is refused', () => {
    expect(troubles({ ...well, problems: { 'asking for datapoints': 'Throttling' }, skipped: 3, duplicates: 1, lastRefusal: 'sample-too-old', capped: true, clockSkewNanoseconds: -3 * 6e10 })).toEqual([
      'Stopped by the daily cap until tomorrow (UTC).', 'asking for datapoints: Throttling', '3 metrics belong to no resource that was found: tag their resources.', '1 metrics have the same labels as another and are left out.',
      'The workspace refused datapoints: sample-too-old', "CloudWatch's clock is 3 min behind Hearth's.",
    ]);
  });
});
