import { css } from '@emotion/css';
import { IconButton } from '@grafana/ui';
import { SceneObjectBase, type SceneObjectState } from '@grafana/scenes';

interface State extends SceneObjectState {
  title: string;
  edit: () => void;
  remove: () => void;
}

/** What can be done with a row while its dashboard is edited. */
export class RowActions extends SceneObjectBase<State> {
  static Component = ({ model }: { model: RowActions }) => {
    const { title, edit, remove } = model.useState();
    return (
      <div className={`row-actions ${css({ display: 'flex', gap: 8 })}`}>
        <IconButton name="cog" size="md" tooltip={`Options of row ${title}`} onClick={edit} />
        <IconButton name="trash-alt" size="md" tooltip={`Remove row ${title}`} onClick={remove} />
      </div>
    );
  };
}
