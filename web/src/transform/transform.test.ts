import { createDataFrame, FieldType, standardTransformersRegistry, transformDataFrame, type DataFrame } from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { fillRegistries } from '../boot/registries';
import { fit } from './own';

// The libraries look for a browser when they are loaded.
vi.hoisted(() => {
  const element = () => ({ appendChild: () => undefined, setAttribute: () => undefined, sheet: { cssRules: [], insertRule: () => 0 } });
  Object.assign(globalThis, { window: globalThis, localStorage: { getItem: () => null }, history: {}, location: {}, addEventListener: () => undefined, document: { head: element(), createElement: element, createTextNode: element, getElementsByTagName: () => [] } });
});

const run = (frames: DataFrame[], id: string, options: object = {}) => lastValueFrom(transformDataFrame([{ id, options }], frames, { interpolate: (t: string) => t }));
const shape = (frames: DataFrame[]) => frames.map((f) => f.fields.map((x) => [x.name, x.values] as const));

const table = () =>
  createDataFrame({
    refId: 'A',
    fields: [
      { name: 'Name', type: FieldType.string, values: ['a', 'b'] },
      { name: 'Zone', type: FieldType.string, values: ['x', 'y'] },
      { name: 'Value', type: FieldType.number, values: [10, 20] },
      { name: 'Max', type: FieldType.number, values: [100, 200] },
    ],
  });
const series = (labels: Record<string, string>, values: number[], refId = 'A') =>
  createDataFrame({ refId, fields: [{ name: 'Time', type: FieldType.time, values: values.map((_, i) => i * 1000) }, { name: 'Value', type: FieldType.number, labels, values }] });

describe('transformations', () => {
  beforeAll(fillRegistries);

  it('are known by their former names', () => expect(standardTransformersRegistry.getIfExists('seriesToColumns')?.id).toBe('joinByField'));

  it('make rows fields', async () => {
    const [frame] = await run([table()], 'rowsToFields');
    expect(frame.fields.map((f) => [f.name, f.values, f.config.max, f.labels])).toEqual([
      ['a', [10], 100, { Zone: 'x' }],
      ['b', [20], 200, { Zone: 'y' }],
    ]);
    const [named] = await run([table()], 'rowsToFields', { mappings: [{ fieldName: 'Zone', handlerKey: 'field.name' }, { fieldName: 'Max', handlerKey: 'field.value' }, { fieldName: 'Name', handlerKey: '__ignore' }] });
    expect(named.fields.map((f) => [f.name, f.values, f.labels])).toEqual([['x', [100], {}], ['y', [200], {}]]);
  });

  it('configure fields by a query', async () => {
    const config = createDataFrame({ refId: 'config', fields: [{ name: 'limit', type: FieldType.number, values: [5, 9] }] });
    const [frame] = await run([table(), config], 'configFromData', { configRefId: 'config', mappings: [{ fieldName: 'limit', handlerKey: 'max', reducerId: 'lastNotNull' }], applyTo: { id: 'byName', options: 'Value' } });
    expect(frame.fields.map((f) => f.config.max)).toEqual([undefined, undefined, 9, undefined]);
  });

  it('part a table by values', async () => {
    const parts = await run([table()], 'partitionByValues', { fields: ['Zone'], naming: { asLabels: true } });
    expect(parts.map((p) => [p.length, p.fields.map((f) => f.name), p.fields[1].labels])).toEqual([
      [1, ['Name', 'Value', 'Max'], { Zone: 'x' }],
      [1, ['Name', 'Value', 'Max'], { Zone: 'y' }],
    ]);
  });

  it('bring time series into another shape', async () => {
    const two = () => [series({ job: 'a' }, [1, 2]), series({ job: 'b' }, [3, 4], 'B')];
    expect(shape(await run(two(), 'prepareTimeSeries', { format: 'wide' }))).toEqual([[['Time', [0, 1000]], ['Value', [1, 2]], ['Value', [3, 4]]]]);
    const long = await run(two(), 'prepareTimeSeries', { format: 'long' });
    expect(shape(long)).toEqual([[['Time', [0, 0, 1000, 1000]], ['Value', [1, 3, 2, 4]], ['job', ['a', 'b', 'a', 'b']]]]);
    expect((await run(long, 'prepareTimeSeries', { format: 'multi' })).map((f) => [f.fields[1].labels, f.fields[1].values])).toEqual([[{ job: 'a' }, [1, 2]], [{ job: 'b' }, [3, 4]]]);
  });

  it('make series rows with a trend', async () => {
    const [frame] = await run([series({ job: 'a' }, [1, 2]), series({ job: 'b' }, [3, 4])], 'timeSeriesTable', { A: { stat: 'max' } });
    expect(frame.fields.map((f) => f.name)).toEqual(['job', 'Trend #A']);
    expect(frame.fields[1].values.map((v: DataFrame & { value: number }) => v.value)).toEqual([2, 4]);
  });

  it('take texts and labels apart', async () => {
    const texts = () => createDataFrame({ fields: [{ name: 'line', type: FieldType.string, values: ['{"a":{"b":1},"c":"x"}', '{"c":"y"}'] }] });
    expect(shape(await run([texts()], 'extractFields', { source: 'line', format: 'json', replace: true, jsonPaths: [{ path: 'a.b', alias: 'n' }, { path: 'c' }] }))).toEqual([[['n', [1, null]], ['c', ['x', 'y']]]]);
    const pairs = () => createDataFrame({ fields: [{ name: 'line', type: FieldType.string, values: ['level=info msg="all well"'] }] });
    expect(shape(await run([pairs()], 'extractFields', { source: 'line', format: 'kvp', replace: true }))).toEqual([[['level', ['info']], ['msg', ['all well']]]]);
    expect(shape(await run([series({ job: 'a' }, [1])], 'extractFields', { source: 'labels' }))[0][2]).toEqual(['job', ['a']]);
  });

  it('join by labels', async () => {
    const all = [series({ what: 'cpu', pod: 'p1' }, [1]), series({ what: 'mem', pod: 'p1' }, [2]), series({ what: 'cpu', pod: 'p2' }, [3])];
    expect(shape(await run(all, 'joinByLabels', { value: 'what' }))).toEqual([[['pod', ['p1', 'p2']], ['cpu', [1, 3]], ['mem', [2, null]]]]);
    await expect(run(all, 'joinByLabels', { value: 'none' })).rejects.toThrow('no series has the label none');
  });

  it('find the line through points', async () => {
    expect(fit([[0, 1], [1, 3], [2, 5]], 1).map((c) => Math.round(c * 1e6) / 1e6)).toEqual([1, 2]);
    const [, line] = await run([series({}, [1, 3, 5, 7])], 'regression', { predictionCount: 2 });
    expect(line.fields[1].values.map((v: number) => Math.round(v))).toEqual([1, 7]);
  });

  it('count values into cells', async () => {
    const [cells] = await run([series({}, [1, 1, 9])], 'heatmap', { xBuckets: { mode: 'size', value: '10s' }, yBuckets: { mode: 'size', value: '5' } });
    expect(cells.fields.map((f) => [f.name, f.values])).toEqual([['xMax', [10000, 10000]], ['yMin', [0, 5]], ['yMax', [5, 10]], ['count', [2, 1]]]);
  });

  it('smooth values', async () => {
    const [frame] = await run([series({}, [0, 3, 0])], 'smoothing', { resolution: 1 });
    expect(frame.fields[1].values).toEqual([1.5, 1, 1.5]);
  });
});
