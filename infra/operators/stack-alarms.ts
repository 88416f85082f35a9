import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  AlarmState,
  AnomalyDetectionAlarm,
  ComparisonOperator,
  CompositeAlarm,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { type AlarmDefinition, alarms, type CompositeDefinition, composites, runbooks } from "./alarms.ts";
import type { StackMetrics } from "./stack-metrics.ts";
import type { StackNames } from "./stack-names.ts";

const described = (says: string, id: string): string => `${says} Runbook: ${runbooks}#${id}`;

const logicalId = (id: string): string =>
  id
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

const addAlarm = (
  scope: Construct,
  definition: AlarmDefinition,
  names: StackNames,
  metrics: StackMetrics,
): AlarmBase => {
  const { id, says, series, comparison, threshold, periodSeconds, periods, periodsToAlarm, silence } = definition;
  const common = {
    alarmName: names.named(id),
    alarmDescription: described(says, id),
    evaluationPeriods: periods,
    datapointsToAlarm: periodsToAlarm,
    treatMissingData: silence === "good" ? TreatMissingData.NOT_BREACHING : TreatMissingData.BREACHING,
  };
  const metric = metrics.single(series, periodSeconds);
  if (comparison === "above-expected") {
    return new AnomalyDetectionAlarm(scope, logicalId(id), {
      ...common,
      metric,
      stdDevs: threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
    });
  }
  return new Alarm(scope, logicalId(id), {
    ...common,
    metric,
    threshold,
    comparisonOperator:
      comparison === ">" ? ComparisonOperator.GREATER_THAN_THRESHOLD : ComparisonOperator.LESS_THAN_THRESHOLD,
  });
};

const known = (made: ReadonlyMap<string, AlarmBase>, id: string): AlarmBase => {
  const alarm = made.get(id);
  if (alarm === undefined) throw new Error(`No alarm is called ${id}`);
  return alarm;
};

const addComposite = (
  scope: Construct,
  { id, says, anyOf, unless = [] }: CompositeDefinition,
  names: StackNames,
  made: ReadonlyMap<string, AlarmBase>,
): CompositeAlarm => {
  const some = (ids: readonly string[]) =>
    AlarmRule.anyOf(...ids.map((each) => AlarmRule.fromAlarm(known(made, each), AlarmState.ALARM)));
  const ringing = some(anyOf);
  return new CompositeAlarm(scope, logicalId(id), {
    compositeAlarmName: names.named(id),
    alarmDescription: described(says, id),
    alarmRule: unless.length === 0 ? ringing : AlarmRule.allOf(ringing, AlarmRule.not(some(unless))),
  });
};

/** Every alarm and the composites over them. Only composites send messages: one per fault, not five. */
export const addAlarms = (
  scope: Construct,
  names: StackNames,
  metrics: StackMetrics,
  topic: ITopic,
): readonly CompositeAlarm[] => {
  const made = new Map<string, AlarmBase>(
    alarms.map((definition) => [definition.id, addAlarm(scope, definition, names, metrics)]),
  );
  return composites.map((definition) => {
    const composite = addComposite(scope, definition, names, made);
    composite.addAlarmAction(new SnsAction(topic));
    composite.addOkAction(new SnsAction(topic));
    return composite;
  });
};
