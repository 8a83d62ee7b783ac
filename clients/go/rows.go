package windrow

import (
	"fmt"
	"strings"

	queryv1 "windrow/gen/windrow/query/v1"
	resultsv1 "windrow/gen/windrow/results/v1"
)

// Value is a field's value: string, int64, float64, bool, []*resultsv1.ValueCount, or nil, also for one
// that could not be computed.
func Value(field *resultsv1.Field) any {
	switch value := field.GetValue().(type) {
	case *resultsv1.Field_StringValue:
		return value.StringValue
	case *resultsv1.Field_IntValue:
		return value.IntValue
	case *resultsv1.Field_DoubleValue:
		return value.DoubleValue
	case *resultsv1.Field_BoolValue:
		return value.BoolValue
	case *resultsv1.Field_ValueCounts:
		return value.ValueCounts.GetCounts()
	}
	return nil
}

// Values are the joined columns and aggregates of a row, by name.
func Values(result *queryv1.Result) map[string]any {
	values := make(map[string]any, len(result.Values))
	for _, field := range result.Values {
		values[field.Name] = Value(field)
	}
	return values
}

// Group is a row's group for people: its values, separated by commas.
func Group(result *queryv1.Result) string {
	var words []string
	for _, field := range result.Group {
		words = append(words, fmt.Sprint(Value(field)))
	}
	return strings.Join(words, ", ")
}

// RowKey tells a row of a view from the others: the start of its window, and its group.
func RowKey(result *queryv1.Result) string {
	var key strings.Builder
	fmt.Fprint(&key, result.GetWindowStartTime().AsTime().UnixNano())
	for _, field := range result.Group {
		fmt.Fprintf(&key, "\x00%#v", Value(field))
	}
	return key.String()
}
