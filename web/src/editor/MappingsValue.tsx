/* Texts and colours in the place of values. */
import type { ValueMapping } from '@grafana/data';
import { Button, Dropdown, Menu, Select, Stack } from '@grafana/ui';
import { Color } from './color';
import { Line, NumberLine } from './Line';
import { mappingsOf, rowsOf, type Kind, type MappingRow } from './mappings';
import { Rows } from './Rows';

interface Props {
  value: ValueMapping[] | undefined;
  onChange: (m: ValueMapping[]) => void;
}

const specials: Array<{ value: MappingRow['match']; label: string }> = [
  { value: 'null', label: 'Null' }, { value: 'nan', label: 'NaN' }, { value: 'null+nan', label: 'Null and NaN' },
  { value: 'true', label: 'True' }, { value: 'false', label: 'False' }, { value: 'empty', label: 'Empty' },
];

const kinds: Array<{ kind: Kind; name: string; fresh: () => MappingRow }> = [
  { kind: 'value', name: 'Value', fresh: () => ({ type: 'value', key: '', result: {} }) },
  { kind: 'range', name: 'Range', fresh: () => ({ type: 'range', from: null, to: null, result: {} }) },
  { kind: 'regex', name: 'Regex', fresh: () => ({ type: 'regex', pattern: '', result: {} }) },
  { kind: 'special', name: 'Special', fresh: () => ({ type: 'special', match: 'null', result: {} }) },
];

const nameOf = (kind: Kind) => kinds.find((k) => k.kind === kind)?.name ?? kind;

export function MappingsValue({ value, onChange }: Props) {
  const rows = rowsOf(value);
  const set = (next: MappingRow[]) => onChange(mappingsOf(next));
  const menu = <Menu>{kinds.map((k) => <Menu.Item key={k.kind} label={k.name} onClick={() => set([...rows, k.fresh()])} />)}</Menu>;
  return (
    <>
      <Rows label="Value mappings" items={rows} change={set} name={(r, i) => `${nameOf(r.type)} ${i + 1}`}>
        {(row, change) => (
          <Stack direction="column" gap={1}>
            <Condition row={row} change={change} />
            <Stack gap={1} alignItems="center">
              <Line aria-label="Shown text" placeholder="shown text" value={row.result.text} onDone={(text) => change({ ...row, result: { ...row.result, text: text || undefined } })} />
              <Color label="Colour of the text" value={row.result.color} onChange={(color) => change({ ...row, result: { ...row.result, color } })} />
            </Stack>
          </Stack>
        )}
      </Rows>
      <Dropdown overlay={menu}><Button type="button" size="sm" variant="secondary" icon="plus">Add mapping</Button></Dropdown>
    </>
  );
}

function Condition({ row, change }: { row: MappingRow; change: (r: MappingRow) => void }) {
  switch (row.type) {
    case 'value':
      return <Line aria-label="Value" placeholder="value" value={row.key} onDone={(key) => change({ ...row, key })} />;
    case 'regex':
      return <Line aria-label="Regular expression" placeholder="regular expression" value={row.pattern} onDone={(pattern) => change({ ...row, pattern })} />;
    case 'special':
      return <Select aria-label="Special value" options={specials} value={row.match} onChange={(o) => change({ ...row, match: o.value })} />;
    case 'range':
      return (
        <Stack gap={1}>
          <NumberLine aria-label="From" placeholder="from" step="any" value={row.from} onDone={(n) => change({ ...row, from: n ?? null })} />
          <NumberLine aria-label="To" placeholder="to" step="any" value={row.to} onDone={(n) => change({ ...row, to: n ?? null })} />
        </Stack>
      );
  }
}
