import type { Result } from "./gen/windrow/query/v1/query_service_pb.js";
import type { Field, ValueCount } from "./gen/windrow/results/v1/result_pb.js";

export type Value = string | bigint | number | boolean | ValueCount[] | null;

/** The value of a field; null also for one that could not be computed. */
export function fieldValue(field: Field): Value {
  switch (field.value.case) {
    case undefined:
    case "error":
      return null;
    case "valueCounts":
      return field.value.value.counts;
    default:
      return field.value.value;
  }
}

/** Names and values of a row's group. */
export function groupOf(row: { group: Field[] }): Record<string, Value> {
  return Object.fromEntries(row.group.map((field) => [field.name, fieldValue(field)]));
}

/** Names and values of a row's joined columns and aggregates. */
export function valuesOf(row: { values: Field[] }): Record<string, Value> {
  return Object.fromEntries(row.values.map((field) => [field.name, fieldValue(field)]));
}

/** What tells a row of a view from the others: the start of its window, and its group. */
export function rowKey(result: Result): string {
  const start = result.windowStartTime;
  const group = result.group.map((field) => {
    const value = fieldValue(field);
    return typeof value === "bigint" ? value.toString() : value;
  });
  return JSON.stringify([start?.seconds.toString(), start?.nanos, group]);
}
