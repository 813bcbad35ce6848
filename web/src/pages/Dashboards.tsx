/* All dashboards by folder, with search. */
import { Button, ConfirmModal, FilterInput, Icon, IconButton, Input, LinkButton, Stack, TagList, useStyles2 } from '@grafana/ui';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router-dom';
import { createFolder, deleteDashboard, deleteFolder, search, type SearchHit } from '../api/grafana';
import { messageOf } from '../api/http';
import { page } from '../boot/page';
import { useCrumbs } from '../components/Crumbs';
import { Modal } from '../components/Modal';
import { Empty, Failed, Loading } from '../components/States';
import { toast } from '../components/Toasts';
import { useAsync } from '../lib/useAsync';
import { useMay } from './session';

export function DashboardsPage() {
  const s = useStyles2(styles);
  const { folder } = useParams();
  const [params, setParams] = useSearchParams();
  const query = params.get('query') ?? '';
  const tags = params.getAll('tag');
  const editor = useMay('Editor');
  const found = useAsync(() => search({ query, tag: tags }), [query, tags.join()]);
  const hits = found.state === 'done' ? found.value : [];
  const title = hits.find((h) => h.uid === folder)?.title ?? hits.find((h) => h.folderUid === folder)?.folderTitle ?? folder;
  useCrumbs(folder ? [{ text: 'Dashboards', to: '/dashboards' }, { text: title ?? '' }] : [{ text: 'Dashboards' }]);
  const set = (name: string, values: string[]) => {
    const next = new URLSearchParams(params);
    next.delete(name);
    values.filter(Boolean).forEach((v) => next.append(name, v));
    setParams(next, { replace: true });
  };
  return (
    <div className={s.page}>
      <div className={s.head}>
        <h1 className={s.title}>{folder ? title : 'Dashboards'}</h1>
        {editor && <Create folder={folder} done={found.again} />}
      </div>
      <FilterInput placeholder="Search dashboards by title" value={query} onChange={(v) => set('query', [v])} aria-label="Search dashboards by title" />
      {tags.length > 0 && <Stack alignItems="center"><span>With tag</span><TagList tags={tags} onClick={(tag) => set('tag', tags.filter((t) => t !== tag))} /></Stack>}
      {found.state === 'loading' && <Loading what="the dashboards" />}
      {found.state === 'failed' && <Failed error={found.error} retry={found.again} />}
      {found.state === 'done' && <List hits={hits} folder={folder} searching={Boolean(query || tags.length)} editor={editor} again={found.again} onTag={(t) => set('tag', [...new Set([...tags, t])])} />}
    </div>
  );
}

function Create({ folder, done }: { folder?: string; done: () => void }) {
  const [naming, setNaming] = useState(false);
  const query = folder ? `?folderUid=${folder}` : '';
  return (
    <Stack wrap="wrap">
      <LinkButton icon="plus" href={`${page.base}/dashboard/new${query}`} size="sm">New dashboard</LinkButton>
      <LinkButton icon="import" variant="secondary" href={`${page.base}/dashboard/import${query}`} size="sm">Import</LinkButton>
      {!folder && <Button icon="folder-plus" variant="secondary" size="sm" onClick={() => setNaming(true)}>New folder</Button>}
      {naming && <NewFolder close={() => setNaming(false)} done={done} />}
    </Stack>
  );
}

function NewFolder({ close, done }: { close: () => void; done: () => void }) {
  const [title, setTitle] = useState('');
  const make = async () => {
    try {
      await createFolder(title.trim());
      done();
      close();
    } catch (err) {
      toast('error', 'The folder was not made', messageOf(err));
    }
  };
  return (
    <Modal title="New folder" isOpen onDismiss={close}>
      <form onSubmit={(e) => { e.preventDefault(); void make(); }}>
        <Input autoFocus value={title} onChange={(e) => setTitle(e.currentTarget.value)} placeholder="Name" aria-label="Name of the folder" />
        <Modal.ButtonRow>
          <Button variant="secondary" type="button" onClick={close}>Cancel</Button>
          <Button type="submit" disabled={!title.trim()}>Create</Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}

interface ListProps {
  hits: SearchHit[];
  folder?: string;
  searching: boolean;
  editor: boolean;
  again: () => void;
  onTag: (tag: string) => void;
}

function List({ hits, folder, searching, editor, again, onTag }: ListProps) {
  const [doomed, setDoomed] = useState<SearchHit>();
  const inside = (h: SearchHit) => (folder ? h.folderUid === folder : searching || !h.folderUid);
  const folders = hits.filter((h) => h.type === 'dash-folder' && inside(h));
  const dashboards = hits.filter((h) => h.type === 'dash-db' && inside(h));
  if (!folders.length && !dashboards.length) {
    return <Empty message={searching ? 'No dashboard has these words' : folder ? 'This folder is empty' : 'There are no dashboards yet'}>{editor && !searching && 'Make one, or import one from a file or from the directory of known dashboards.'}</Empty>;
  }
  const remove = async (h: SearchHit) => {
    try {
      await (h.type === 'dash-folder' ? deleteFolder(h.uid) : deleteDashboard(h.uid));
      again();
    } catch (err) {
      toast('error', `${h.title} was not deleted`, messageOf(err));
    }
    setDoomed(undefined);
  };
  return (
    <>
      <ul className={css({ listStyle: 'none', padding: 0, margin: 0 })} aria-label="Dashboards and folders">
        {[...folders, ...dashboards].map((h) => (
          <li key={h.type + h.uid}><Hit hit={h} count={hits.filter((x) => x.folderUid === h.uid).length} onTag={onTag} onDelete={editor ? () => setDoomed(h) : undefined} /></li>
        ))}
      </ul>
      {doomed && <ConfirmModal isOpen title={`Delete ${doomed.title}?`} body={doomed.type === 'dash-folder' ? 'The folder and every dashboard in it will be deleted.' : 'The dashboard and its versions will be deleted.'} confirmText="Delete" onConfirm={() => void remove(doomed)} onDismiss={() => setDoomed(undefined)} />}
    </>
  );
}

function Hit({ hit, count, onTag, onDelete }: { hit: SearchHit; count: number; onTag: (t: string) => void; onDelete?: () => void }) {
  const s = useStyles2(styles);
  const isFolder = hit.type === 'dash-folder';
  return (
    <div className={s.hit}>
      <Icon name={isFolder ? 'folder' : 'apps'} />
      <Link className={s.name} to={isFolder ? `/dashboards/f/${hit.uid}` : `/d/${hit.uid}`}>{hit.title}</Link>
      {isFolder ? <small className={s.dim}>{count === 1 ? '1 dashboard' : `${count} dashboards`}</small> : hit.folderTitle && <small className={s.dim}>{hit.folderTitle}</small>}
      <span className={s.grow} />
      {hit.isStarred && <Icon name="favorite" type="mono" title="Starred" />}
      <TagList tags={hit.tags ?? []} onClick={onTag} className={s.tags} />
      {onDelete && <IconButton name="trash-alt" aria-label={`Delete ${hit.title}`} onClick={onDelete} />}
    </div>
  );
}

const styles = (t: GrafanaTheme2) => ({
  page: css({ maxWidth: 1100, margin: '0 auto', padding: t.spacing(3, 2), display: 'flex', flexDirection: 'column', gap: t.spacing(2) }),
  head: css({ display: 'flex', justifyContent: 'space-between', alignItems: 'center', flexWrap: 'wrap', gap: t.spacing(1) }),
  title: css({ margin: 0, fontSize: t.typography.h3.fontSize }),
  hit: css({ display: 'flex', alignItems: 'center', gap: t.spacing(1.5), padding: t.spacing(1, 1.5), borderBottom: `1px solid ${t.colors.border.weak}`, '&:hover': { background: t.colors.action.hover } }),
  name: css({ fontWeight: t.typography.fontWeightMedium }),
  dim: css({ color: t.colors.text.secondary }),
  grow: css({ flex: 1 }),
  tags: css({ [t.breakpoints.down('md')]: { display: 'none' } }),
});
