import { Duration } from "aws-cdk-lib";
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  TextWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import { type DashboardDefinition, dashboards, type GraphPanel, type LogPanel } from "./panels.ts";
import { queryById } from "./queries.ts";
import type { LogGroups } from "./stack-log-groups.ts";
import type { StackMetrics } from "./stack-metrics.ts";
import type { StackNames } from "./stack-names.ts";

const fullWidth = 24;
const panelWidth = 8;
const panelHeight = 6;
/** What CloudWatch takes when a graph names no period. */
const defaultPeriodSeconds = 300;

export interface DashboardParts {
  readonly names: StackNames;
  readonly metrics: StackMetrics;
  readonly logs: LogGroups;
  /** Shown on top of the first dashboard. */
  readonly alarms: readonly IAlarm[];
}

const graphWidget = ({ title, unit, periodSeconds, series, right = [] }: GraphPanel, { metrics }: DashboardParts) =>
  new GraphWidget({
    title,
    width: panelWidth,
    height: panelHeight,
    ...(periodSeconds === defaultPeriodSeconds ? {} : { period: Duration.seconds(periodSeconds) }),
    left: series.map((each) => metrics.of(each, periodSeconds)),
    right: right.map((each) => metrics.of(each, periodSeconds)),
    leftYAxis: { label: unit, min: 0 },
    ...(right.length === 0 ? {} : { rightYAxis: { min: 0 } }),
  });

const logWidget = ({ title, query, source }: LogPanel, { logs }: DashboardParts): IWidget => {
  const saved = queryById(query);
  return new LogQueryWidget({
    title,
    width: panelWidth,
    height: panelHeight,
    view: LogQueryVisualizationType.TABLE,
    logGroupNames: logs.namesOf(source ?? saved.source),
    queryString: saved.text,
  });
};

const addDashboard = (scope: Construct, { id, title, sections }: DashboardDefinition, parts: DashboardParts): void => {
  const dashboard = new Dashboard(scope, `Dashboard${id}`, {
    dashboardName: parts.names.named(id),
    defaultInterval: Duration.hours(12),
  });
  dashboard.addWidgets(new TextWidget({ markdown: `# ${title}: ${parts.names.stage}`, width: fullWidth, height: 1 }));
  if (parts.alarms.length > 0) {
    dashboard.addWidgets(
      new AlarmStatusWidget({ title: "Alarms", width: fullWidth, height: 3, alarms: [...parts.alarms] }),
    );
  }
  for (const section of sections) {
    dashboard.addWidgets(new TextWidget({ markdown: `## ${section.title}`, width: fullWidth, height: 1 }));
    dashboard.addWidgets(
      ...section.panels.map((panel) => (panel.kind === "graph" ? graphWidget(panel, parts) : logWidget(panel, parts))),
    );
  }
};

/** The dashboards of panels.ts. */
export const addDashboards = (scope: Construct, parts: DashboardParts): void => {
  for (const [index, definition] of dashboards.entries()) {
    addDashboard(scope, definition, index === 0 ? parts : { ...parts, alarms: [] });
  }
};
