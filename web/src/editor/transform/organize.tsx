/* Which fields there are, in what order and by what name. */
import { IconButton, Stack } from '@grafana/ui';
import { namesOf } from '../data';
import { Line } from '../Line';
import { object, type FormProps, type Options } from './fields';

/** The names in their order: those with an index by it, the others behind. */
export function inOrder(names: string[], index: Options): string[] {
  const at = (n: string, i: number) => (typeof index[n] === 'number' ? (index[n] as number) : names.length + i);
  return names.map((n, i) => ({ n, at: at(n, i) })).sort((a, b) => a.at - b.at).map(({ n }) => n);
}

export function Organize({ options, set, frames }: FormProps) {
  const hidden = object(options.excludeByName);
  const index = object(options.indexByName);
  const renamed = object(options.renameByName);
  const names = inOrder([...new Set([...namesOf(frames), ...Object.keys(hidden), ...Object.keys(renamed)])], index);
  const move = (i: number, by: number) => {
    const next = [...names];
    [next[i], next[i + by]] = [next[i + by], next[i]];
    set({ ...options, indexByName: { ...index, ...Object.fromEntries(next.map((n, at) => [n, at])) } });
  };
  const rename = (name: string, to: string) => {
    const { [name]: _, ...rest } = renamed;
    set({ ...options, renameByName: to ? { ...rest, [name]: to } : rest });
  };
  return (
    <div role="list" aria-label="Fields">
      {frames.length > 1 && <p>It works on one table: join or merge the {frames.length} there are first.</p>}
      {names.map((name, i) => (
        <div role="listitem" key={name} style={{ marginBottom: 4 }}>
          <Stack gap={1} alignItems="center">
            <IconButton name={hidden[name] ? 'eye-slash' : 'eye'} aria-label={hidden[name] ? `Show ${name}` : `Hide ${name}`} onClick={() => set({ ...options, excludeByName: { ...hidden, [name]: !hidden[name] } })} />
            <span style={{ flex: '0 1 200px', minWidth: 64, overflow: 'hidden', textOverflow: 'ellipsis', opacity: hidden[name] ? 0.6 : 1 }} title={name}>{name}</span>
            <Line aria-label={`Rename ${name}`} placeholder={`Rename ${name}`} value={typeof renamed[name] === 'string' ? (renamed[name] as string) : ''} onDone={(to) => rename(name, to)} />
            <IconButton name="arrow-up" aria-label={`Move ${name} up`} disabled={i === 0} onClick={() => move(i, -1)} />
            <IconButton name="arrow-down" aria-label={`Move ${name} down`} disabled={i === names.length - 1} onClick={() => move(i, 1)} />
          </Stack>
        </div>
      ))}
    </div>
  );
}
