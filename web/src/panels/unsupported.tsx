import { PanelPlugin, type PanelProps } from '@grafana/data';
import { EmptyState } from '@grafana/ui';

/** Stands where a panel of a kind is that this app does not draw. Its JSON is kept as it is. */
export function unsupported(id: string): PanelPlugin {
  function Unsupported({ width, height }: PanelProps) {
    return (
      <div style={{ width, height, overflow: 'auto' }} role="note">
        {height > 160 ? (
          <EmptyState variant="not-found" hideImage message={`Panels of the kind "${id}" are not drawn here`}>
            The panel stays in the dashboard as it is and comes back when it is exported.
          </EmptyState>
        ) : (
          <p>Panels of the kind “{id}” are not drawn here. The panel stays in the dashboard as it is.</p>
        )}
      </div>
    );
  }
  return new PanelPlugin(Unsupported);
}
