// A dashboard of etc/grafana as Grafana's own types describe it: the panels it knows with their options, and nothing else.
import type * as grafana from '@grafana/schema';
import type * as barchart from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** As JSON writes it: the value of a string enumeration instead of its name. */
type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
/** Grafana fills in what a panel leaves out. */
type Sparse<T> = T extends Array<infer E> ? Array<Sparse<E>> : T extends object ? { [K in keyof T]?: Sparse<T[K]> } : T;

/** The published package leaves this to the Prometheus plugin. */
interface PrometheusQuery {
  refId: string;
  expr: string;
  legendFormat?: string;
  format?: 'table' | 'time_series' | 'heatmap';
  instant?: boolean;
  range?: boolean;
}
interface PrometheusAnnotation extends grafana.AnnotationQuery {
  expr: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
}

interface PanelOf<Kind extends string, Options, Custom = {}> extends Omit<grafana.Panel, 'fieldConfig'> {
  type: Kind;
  options: Sparse<Options> & Record<never, never>;
  targets: Array<Record<string, unknown> & PrometheusQuery>;
  fieldConfig: Omit<grafana.FieldConfigSource, 'defaults'> & {
    defaults: Omit<grafana.FieldConfig, 'custom'> & { custom?: Sparse<Custom> };
  };
}
type ShippedPanel =
  | PanelOf<'barchart', barchart.Options, barchart.FieldConfig>
  | PanelOf<'bargauge', bargauge.Options>
  | PanelOf<'stat', stat.Options>
  | PanelOf<'state-timeline', timeline.Options, timeline.FieldConfig>
  | PanelOf<'table', table.Options, table.FieldConfig>
  | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | grafana.RowPanel;

export type ShippedDashboard = Json<
  Omit<grafana.Dashboard, 'panels' | 'annotations'> & {
    panels: ShippedPanel[];
    annotations: { list: PrometheusAnnotation[] };
  }
>;
