import { LoadingState, type PanelData } from '@grafana/data';
import {
  SceneDataTransformer,
  SceneObjectBase,
  sceneGraph,
  VizPanel,
  type SceneDataProvider,
  type SceneDataProviderResult,
  type SceneObjectState,
} from '@grafana/scenes';
import { ReplaySubject, type Observable } from 'rxjs';

interface State extends SceneObjectState {
  panelId: number;
  withTransforms: boolean;
  data?: PanelData;
}

/** The answer of another panel of the dashboard: its queries go out once. */
export class SharedData extends SceneObjectBase<State> implements SceneDataProvider<State> {
  private readonly results = new ReplaySubject<SceneDataProviderResult>(1);

  constructor(state: State) {
    super(state);
    this.addActivationHandler(() => this.follow());
  }

  private source(): SceneDataProvider | undefined {
    const panel = sceneGraph.findObject(this, (o) => o instanceof VizPanel && o.getLegacyPanelId() === this.state.panelId) as VizPanel | null;
    const data = panel?.state.$data;
    return data instanceof SceneDataTransformer && !this.state.withTransforms ? data.state.$data : data;
  }

  private follow(): (() => void) | void {
    const source = this.source();
    if (!source) {
      const range = sceneGraph.getTimeRange(this).state.value;
      const message = `The panel whose answer is shown here (id ${this.state.panelId}) is not on this dashboard.`;
      this.publish({ state: LoadingState.Error, series: [], timeRange: range, errors: [{ message }] });
      return;
    }
    const leave = source.activate();
    const sub = source.subscribeToState((s) => s.data && this.publish(s.data));
    if (source.state.data) {
      this.publish(source.state.data);
    }
    source.setContainerWidth?.(500);
    return () => {
      sub.unsubscribe();
      leave();
    };
  }

  private publish(data: PanelData): void {
    this.setState({ data });
    this.results.next({ origin: this, data });
  }

  getResultsStream(): Observable<SceneDataProviderResult> {
    return this.results;
  }

  isDataReadyToDisplay(): boolean {
    return Boolean(this.state.data);
  }
}
