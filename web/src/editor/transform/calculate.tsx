/* A field made of others. */
import { binaryOperators, unaryOperators } from '@grafana/data';
import { Field, Select, Stack, StatsPicker, Switch } from '@grafana/ui';
import { Line } from '../Line';
import { choices, FieldPick, FieldsPick, nameChoices, object, strings, words, type FormProps, type Options } from './fields';
import { Pick } from '../Pick';

const modes = [
  { value: 'reduceRow', label: 'Reduce row' }, { value: 'binary', label: 'Binary operation' }, { value: 'unary', label: 'Unary operation' },
  { value: 'cumulativeFunctions', label: 'Cumulative functions' }, { value: 'windowFunctions', label: 'Window functions' }, { value: 'index', label: 'Row index' },
];

/** A side of an operation: text of old, a field or a constant. */
export function sideText(side: unknown): string {
  const o = object(side);
  return typeof side === 'string' ? side : words(o.fixed) ?? words(object(o.matcher).options) ?? '';
}

export function sideOf(text: string, names: string[]): Options {
  return Number.isFinite(Number(text)) && !names.includes(text) ? { fixed: text } : { matcher: { id: 'byName', options: text } };
}

export function Calculate(props: FormProps) {
  const { options, set } = props;
  const mode = words(options.mode) ?? 'reduceRow';
  return (
    <>
      <Field label="Mode"><Select aria-label="Mode" width={30} options={modes} value={mode} onChange={(o) => set({ ...options, mode: o.value })} /></Field>
      <Mode {...props} mode={mode} />
      <Stack gap={2} wrap="wrap">
        <Field label="Name of the field" htmlFor="t-alias"><Line id="t-alias" placeholder="by itself" value={words(options.alias)} onDone={(alias) => set({ ...options, alias: alias || undefined })} /></Field>
        <Field label="Replace all fields"><Switch value={Boolean(options.replaceFields)} onChange={(e) => set({ ...options, replaceFields: e.currentTarget.checked })} /></Field>
      </Stack>
    </>
  );
}

function Mode({ options, set, frames, mode }: FormProps & { mode: string }) {
  switch (mode) {
    case 'binary': {
      const binary = object(options.binary);
      const names = nameChoices(frames).map((o) => o.value);
      const put = (more: Options) => set({ ...options, binary: { operator: '+', ...binary, ...more } });
      const side = (which: 'left' | 'right') => {
        const shown = sideText(binary[which]);
        return <Pick label={which === 'left' ? 'Left side' : 'Right side'} createCustomValue placeholder="field or number" width={26} options={choices([...new Set([...names, ...(shown ? [shown] : [])])])} value={shown || null} onChange={(o) => put({ [which]: sideOf(o.value, names) })} />;
      };
      return (
        <Field label="Operation">
          <Stack gap={1} wrap="wrap">{side('left')}<Select aria-label="Operator" width={10} options={choices(binaryOperators.list().map((o) => o.id))} value={words(binary.operator) ?? '+'} onChange={(o) => put({ operator: o.value })} />{side('right')}</Stack>
        </Field>
      );
    }
    case 'unary': {
      const unary = object(options.unary);
      const put = (more: Options) => set({ ...options, unary: { operator: 'abs', ...unary, ...more } });
      return (
        <Stack gap={2} wrap="wrap">
          <Field label="Operation"><Select aria-label="Operation" width={16} options={unaryOperators.list().map((o) => ({ value: o.id as string, label: o.name }))} value={words(unary.operator) ?? 'abs'} onChange={(o) => put({ operator: o.value })} /></Field>
          <FieldPick label="Field" frames={frames} value={words(unary.fieldName)} onChange={(fieldName) => put({ fieldName })} />
        </Stack>
      );
    }
    case 'cumulativeFunctions':
      return <One options={options} set={set} frames={frames} at="cumulative" calculations={['sum', 'mean']} />;
    case 'windowFunctions':
      return <One options={options} set={set} frames={frames} at="window" calculations={['mean', 'variance', 'stdDev']} />;
    case 'index':
      return <Field label="As a share of the last"><Switch value={Boolean(object(options.index).asPercentile)} onChange={(e) => set({ ...options, index: { ...object(options.index), asPercentile: e.currentTarget.checked } })} /></Field>;
    default: {
      const reduce = object(options.reduce);
      const put = (more: Options) => set({ ...options, reduce: { reducer: 'sum', ...reduce, ...more } });
      return (
        <>
          <FieldsPick label="Fields" frames={frames} value={strings(reduce.include)} onChange={(include) => put({ include })} />
          <Field label="Calculation"><StatsPicker stats={[words(reduce.reducer) ?? 'sum']} onChange={([reducer]) => put({ reducer })} /></Field>
        </>
      );
    }
  }
}

/** A calculation over the rows of one field, before or around each. */
function One({ options, set, frames, at, calculations }: FormProps & { at: string; calculations: string[] }) {
  const o = object(options[at]);
  const put = (more: Options) => set({ ...options, [at]: { reducer: calculations[0], ...o, ...more } });
  return (
    <Stack gap={2} wrap="wrap">
      <FieldPick label="Field" frames={frames} value={words(o.field)} onChange={(field) => put({ field })} />
      <Field label="Calculation"><Select aria-label="Calculation" width={16} options={choices(calculations)} value={words(o.reducer) ?? calculations[0]} onChange={(x) => put({ reducer: x.value })} /></Field>
    </Stack>
  );
}
