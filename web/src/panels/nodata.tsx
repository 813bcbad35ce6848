import { LoadingState, MappingType, type PanelProps, type ValueMapping } from '@grafana/data';
import { lazy, Suspense } from 'react';

const Why = lazy(() => import('../components/WhyNoData').then((m) => ({ default: m.WhyNoData })));

type Props = Pick<PanelProps, 'data' | 'width' | 'height' | 'fieldConfig'>;

/** In the place of a panel without data: that there is none, and on demand why. */
export function NoData({ data, width, height, fieldConfig }: Props) {
  const waiting = data.state === LoadingState.Loading || data.state === LoadingState.NotStarted;
  const failed = data.state === LoadingState.Error;
  return (
    <div className="no-data" style={{ width, height, display: 'flex', flexDirection: height < 70 ? 'row' : 'column', alignItems: 'center', justifyContent: 'center', gap: height < 70 ? 2 : 8, overflow: 'hidden' }}>
      {!waiting && <span>{failed ? (data.errors?.[0]?.message ?? data.error?.message ?? 'The query failed') : fieldConfig.defaults.noValue || nullText(fieldConfig.defaults.mappings) || 'No data'}</span>}
      {!waiting && !failed && (
        <Suspense fallback={null}>
          <Why request={data.request} compact={height < 140} />
        </Suspense>
      )}
    </div>
  );
}

/** What the mappings call a value that is not there. */
function nullText(mappings: ValueMapping[] = []): string | undefined {
  const special = mappings.find((m) => m.type === MappingType.SpecialValue && ['null', 'null+nan', 'empty'].includes(m.options.match));
  return special?.type === MappingType.SpecialValue ? special.options.result.text : undefined;
}

export function hasData(series: PanelProps['data']['series']): boolean {
  return series.some((f) => f.length > 0);
}
