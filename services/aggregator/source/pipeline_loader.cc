#include "services/aggregator/source/pipeline_loader.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "services/aggregator/core/event_time_parser.h"
#include "services/aggregator/core/filter.h"
#include "services/aggregator/core/time_pattern.h"
#include "services/aggregator/source/file_content.h"
#include "services/aggregator/source/pipeline_settings.h"
#include "services/aggregator/source/table_reader.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

constexpr size_t kMaxPipelineFile = 1'000'000;
constexpr size_t kMaxPipelineBytes = 950'000;
// The counters of all views travel in the metadata of committed offsets, 4,096 bytes at most.
constexpr int kMaxViews = 16;
constexpr EventSpan kMinEmitInterval = 10'000;
constexpr int kDefaultExactLimit = 1000;
constexpr int kMaxExactLimit = 10'000;
constexpr int kDefaultTopK = 10;
constexpr int kMaxTopK = 20;

using Violations = std::vector<PipelineViolation>;

// Collects what protobuf's text parser says, with line numbers that people count from 1.
class ErrorLines : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (text_.empty())
      text_ = absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::Status LoadTable(const std::string& pipeline_path, pb::StaticTable* table) {
  if (!table->path().empty()) return ReadTableFile(TablePath(pipeline_path, *table), table);
  table->set_version(TableVersion(*table));
  return absl::OkStatus();
}

bool IsId(absl::string_view id) {
  return !id.empty() && id.size() <= 40 && absl::ascii_islower(id[0]) &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

// As Kafka has it.
bool IsTopic(absl::string_view name) {
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

// Whether one of the pipeline's incarnations writes the topic: what it writes it must not read.
bool IsOwnTopic(const std::string& id, absl::string_view topic) {
  if (!absl::ConsumePrefix(&topic, id + ".")) return false;
  if (absl::ConsumePrefix(&topic, "v")) {
    const size_t digits = topic.find_first_not_of("0123456789");
    if (digits == 0 || digits == absl::string_view::npos || topic[digits] != '.') return false;
    topic.remove_prefix(digits + 1);
  }
  return topic == "partials" || topic == "results" || topic == "snapshots" ||
         topic == "dead-letter";
}

constexpr char kIdRule[] = "must be 1 to 40 of a-z, 0-9 and '-', and start with a letter";

absl::StatusOr<WindowSpec> MakeWindow(const pb::Window& window) {
  const EventSpan offset = ToSpan(window.offset());
  switch (window.kind_case()) {
    case pb::Window::kTumbling:
      return WindowSpec::Create(ToSpan(window.tumbling().size()), ToSpan(window.tumbling().size()),
                                offset);
    case pb::Window::kSliding:
      return WindowSpec::Create(ToSpan(window.sliding().size()), ToSpan(window.sliding().slide()),
                                offset);
    case pb::Window::kSession:
    case pb::Window::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("must be tumbling, sliding or session");
}

EventTimeFormat MakeEventTimeFormat(const pb::EventTime& event_time) {
  EventTimeFormat format;
  switch (event_time.format()) {
    case pb::EventTime::FORMAT_EPOCH_SECONDS:
      format.kind = EventTimeFormat::Kind::kEpochSeconds;
      break;
    case pb::EventTime::FORMAT_EPOCH_MILLISECONDS:
      format.kind = EventTimeFormat::Kind::kEpochMilliseconds;
      break;
    case pb::EventTime::FORMAT_EPOCH_MICROSECONDS:
      format.kind = EventTimeFormat::Kind::kEpochMicroseconds;
      break;
    case pb::EventTime::FORMAT_PATTERN:
      format.kind = EventTimeFormat::Kind::kPattern;
      break;
    default:
      format.kind = EventTimeFormat::Kind::kIso8601;
  }
  if (!event_time.time_zone().empty()) format.time_zone = event_time.time_zone();
  format.pattern = event_time.pattern();
  return format;
}

void CheckEventTime(const pb::EventTime& event_time, Violations* violations) {
  if (event_time.field().empty()) violations->push_back({"event_time.field", "is required"});
  if (!pb::EventTime::Format_IsValid(event_time.format())) {
    violations->push_back({"event_time.format", "is not a format of event times"});
    return;
  }
  const EventTimeFormat format = MakeEventTimeFormat(event_time);
  const absl::Status zone = EventTimeParser::CheckZone(format.time_zone);
  if (format.is_epoch() && !event_time.time_zone().empty()) {
    violations->push_back(
        {"event_time.time_zone", "must be empty: numbers since 1970 are UTC, whatever the zone"});
  } else if (!zone.ok()) {
    violations->push_back({"event_time.time_zone", std::string(zone.message())});
  }
  if (format.kind == EventTimeFormat::Kind::kPattern) {
    const absl::Status pattern = TimePattern::Parse(format.pattern).status();
    if (!pattern.ok()) {
      violations->push_back({"event_time.pattern", std::string(pattern.message())});
    }
  } else if (!format.pattern.empty()) {
    violations->push_back({"event_time.pattern", "must be empty unless format is FORMAT_PATTERN"});
  }
}

// The rules of WindowSpec, each with the field that breaks it.
void CheckAlignedWindow(EventSpan size, EventSpan slide, EventSpan offset, const std::string& path,
                        const std::string& kind_path, Violations* violations) {
  constexpr EventSpan kMillisecond = 1000;
  if (size < WindowSpec::kMinSize || size > WindowSpec::kMaxSize || size % kMillisecond != 0) {
    violations->push_back(
        {kind_path + ".size", "must be from 1 second to 400 days, in whole milliseconds"});
    return;
  }
  if (slide <= 0 || slide > size || slide % kMillisecond != 0) {
    violations->push_back(
        {kind_path + ".slide", "must be more than zero and at most size, in whole milliseconds"});
    return;
  }
  const absl::Status fitting = WindowSpec::Create(size, slide, 0).status();
  if (!fitting.ok()) {
    violations->push_back({kind_path + ".slide", std::string(fitting.message())});
  }
  if (offset < 0 || offset >= slide || offset % kMillisecond != 0) {
    violations->push_back(
        {path + ".offset", "must be zero or more and less than the slide, in whole milliseconds"});
  }
}

void CheckWindow(const pb::Window& window, const std::string& path, Violations* violations) {
  switch (window.kind_case()) {
    case pb::Window::kTumbling:
      CheckAlignedWindow(ToSpan(window.tumbling().size()), ToSpan(window.tumbling().size()),
                         ToSpan(window.offset()), path, path + ".tumbling", violations);
      return;
    case pb::Window::kSliding:
      CheckAlignedWindow(ToSpan(window.sliding().size()), ToSpan(window.sliding().slide()),
                         ToSpan(window.offset()), path, path + ".sliding", violations);
      return;
    case pb::Window::kSession:
      break;
    case pb::Window::KIND_NOT_SET:
      violations->push_back({path, "must be tumbling, sliding or session"});
      return;
  }
  const EventSpan gap = ToSpan(window.session().gap());
  if (gap < WindowSpec::kMinSize || gap > WindowSpec::kMaxSize || gap % 1000 != 0) {
    violations->push_back(
        {path + ".session.gap", "must be from 1 second to 400 days, in whole milliseconds"});
  }
  if (ToSpan(window.offset()) != 0) {
    violations->push_back({path + ".offset", "must be empty: sessions are not aligned"});
  }
}

void CheckEmit(const pb::Emit& emit, const std::string& path, Violations* violations) {
  if (!pb::Emit::Mode_IsValid(emit.mode())) {
    violations->push_back({path + ".mode", "is not a mode"});
  }
  if (emit.mode() == pb::Emit::MODE_INTERVAL) {
    CheckDuration(emit.interval(), kMinEmitInterval, kMicrosPerHour, path + ".interval",
                  "must be from 10 milliseconds to 1 hour", violations);
  } else if (emit.has_interval()) {
    violations->push_back({path + ".interval", "must be empty but for MODE_INTERVAL"});
  }
}

// The field of an aggregate, how it is read, and its limit; all empty for a count of records.
struct AggregateInput {
  std::string field;
  pb::ValueType type = pb::VALUE_TYPE_TEXT;
  int limit = 0;
};

AggregateInput InputOf(const pb::Aggregate& aggregate) {
  switch (aggregate.function_case()) {
    case pb::Aggregate::kCount:
      return {aggregate.count().field(), pb::VALUE_TYPE_TEXT, 0};
    case pb::Aggregate::kSum:
      return {aggregate.sum().field(), aggregate.sum().type(), 0};
    case pb::Aggregate::kMin:
      return {aggregate.min().field(), aggregate.min().type(), 0};
    case pb::Aggregate::kMax:
      return {aggregate.max().field(), aggregate.max().type(), 0};
    case pb::Aggregate::kAvg:
      return {aggregate.avg().field(), aggregate.avg().type(), 0};
    case pb::Aggregate::kCountDistinct: {
      const int limit = aggregate.count_distinct().exact_limit();
      return {aggregate.count_distinct().field(), pb::VALUE_TYPE_TEXT,
              limit == 0 ? kDefaultExactLimit : limit};
    }
    case pb::Aggregate::kTopK:
      return {aggregate.top_k().field(), pb::VALUE_TYPE_TEXT,
              aggregate.top_k().k() == 0 ? kDefaultTopK : aggregate.top_k().k()};
    case pb::Aggregate::FUNCTION_NOT_SET:
      break;
  }
  return {};
}

void CheckAggregate(const pb::Aggregate& aggregate, const std::string& path,
                    Violations* violations) {
  if (aggregate.function_case() == pb::Aggregate::FUNCTION_NOT_SET) {
    violations->push_back({path, "must have a function, such as count {}"});
    return;
  }
  const AggregateInput input = InputOf(aggregate);
  const std::string function = absl::StrCat(
      path, ".", aggregate.GetDescriptor()->FindFieldByNumber(aggregate.function_case())->name());
  if (input.field.empty() && !aggregate.has_count()) {
    violations->push_back({function + ".field", "is required"});
  }
  if (!pb::ValueType_IsValid(input.type)) {
    violations->push_back({function + ".type", "is not a type"});
  }
  if (input.type == pb::VALUE_TYPE_TEXT && (aggregate.has_sum() || aggregate.has_avg())) {
    violations->push_back({function + ".type", "must be a number: text has no sum"});
  }
  if (aggregate.has_count_distinct() && (input.limit < 1 || input.limit > kMaxExactLimit)) {
    violations->push_back(
        {function + ".exact_limit", absl::StrCat("must be from 1 to ", kMaxExactLimit)});
  }
  if (aggregate.has_top_k() && (input.limit < 1 || input.limit > kMaxTopK)) {
    violations->push_back({function + ".k", absl::StrCat("must be from 1 to ", kMaxTopK)});
  }
}

const pb::StaticTable* FindTable(const pb::Pipeline& pipeline, const std::string& name) {
  for (const pb::StaticTable& table : pipeline.tables()) {
    if (table.name() == name) return &table;
  }
  return nullptr;
}

void CheckJoin(const pb::Pipeline& pipeline, const pb::View& view, const std::string& path,
               Violations* violations) {
  if (!view.has_join()) return;
  const pb::Join& join = view.join();
  const pb::StaticTable* table = FindTable(pipeline, join.table());
  if (table == nullptr) {
    violations->push_back(
        {path + ".table", absl::StrCat("there is no table \"", join.table(), "\" among tables")});
  }
  if (std::find(view.group_by().begin(), view.group_by().end(), join.field()) ==
      view.group_by().end()) {
    violations->push_back({path + ".field", "must be one of the view's group_by fields"});
  }
  if (!pb::Join::Type_IsValid(join.type())) {
    violations->push_back({path + ".type", "is not a type of join"});
  }
  if (join.columns().empty()) violations->push_back({path + ".columns", "must not be empty"});
  for (int i = 0; table != nullptr && i < join.columns_size(); ++i) {
    const bool exists = std::any_of(
        table->rows().begin(), table->rows().end(),
        [&](const pb::StaticTable::Row& row) { return row.columns().count(join.columns(i)) > 0; });
    if (!exists) {
      violations->push_back(
          {absl::StrCat(path, ".columns[", i, "]"),
           absl::StrCat("no row of the table has a column \"", join.columns(i), "\"")});
    }
  }
}

void CheckView(const pb::Pipeline& pipeline, int index, Violations* violations) {
  const pb::View& view = pipeline.views(index);
  const std::string path = absl::StrCat("views[", index, "]");
  if (!IsId(view.id())) violations->push_back({path + ".id", kIdRule});
  for (int i = 0; i < index; ++i) {
    if (pipeline.views(i).id() == view.id()) violations->push_back({path + ".id", "is used twice"});
  }
  CheckWindow(view.window(), path + ".window", violations);
  CheckEmit(view.emit(), path + ".emit", violations);
  // Names that become members of one result must differ from each other.
  std::set<std::string> names = {"window_start", "window_end", "final", "revision"};
  for (int i = 0; i < view.group_by_size(); ++i) {
    if (view.group_by(i).empty() || !names.insert(view.group_by(i)).second) {
      violations->push_back({absl::StrCat(path, ".group_by[", i, "]"),
                             "must be a field name that is used once in the view"});
    }
  }
  if (view.aggregates().empty()) violations->push_back({path + ".aggregates", "must not be empty"});
  for (int i = 0; i < view.aggregates_size(); ++i) {
    const std::string aggregate = absl::StrCat(path, ".aggregates[", i, "]");
    if (view.aggregates(i).name().empty() || !names.insert(view.aggregates(i).name()).second) {
      violations->push_back({aggregate + ".name", "must be a name that is used once in the view"});
    }
    CheckAggregate(view.aggregates(i), aggregate, violations);
  }
  for (int i = 0; i < view.join().columns_size(); ++i) {
    if (!names.insert(view.join().columns(i)).second) {
      violations->push_back({absl::StrCat(path, ".join.columns[", i, "]"),
                             "must be a name that is used once in the view"});
    }
  }
  CheckJoin(pipeline, view, path + ".join", violations);
  if (view.filter().empty()) return;
  const absl::Status filter = Filter::Parse(view.filter()).status();
  if (!filter.ok()) violations->push_back({path + ".filter", std::string(filter.message())});
}

void CheckTables(const pb::Pipeline& pipeline, Violations* violations) {
  const bool too_long = pipeline.ByteSizeLong() > kMaxPipelineBytes;
  if (too_long) {
    violations->push_back({"tables", absl::StrCat("make the pipeline ", pipeline.ByteSizeLong(),
                                                  " bytes long; at most ", kMaxPipelineBytes,
                                                  " go into a record of the control log")});
  }
  std::set<std::string> names;
  for (int i = 0; i < pipeline.tables_size(); ++i) {
    const pb::StaticTable& table = pipeline.tables(i);
    const std::string path = absl::StrCat("tables[", i, "]");
    if (table.name().empty() || !names.insert(table.name()).second) {
      violations->push_back({path + ".name", "must be a name that is used once"});
    }
    if (table.key_column().empty()) violations->push_back({path + ".key_column", "is required"});
    if (!too_long && table.ByteSizeLong() > kMaxTableBytes) {
      violations->push_back({path + ".rows", absl::StrCat("take ", table.ByteSizeLong(),
                                                          " bytes, more than ", kMaxTableBytes)});
    }
    // Else every look-up would miss in silence.
    const bool exists =
        std::any_of(table.rows().begin(), table.rows().end(), [&](const pb::StaticTable::Row& row) {
          return row.columns().count(table.key_column()) > 0;
        });
    if (!table.key_column().empty() && !table.rows().empty() && !exists) {
      violations->push_back(
          {path + ".key_column",
           absl::StrCat("no row of the table has a column \"", table.key_column(), "\"")});
    }
  }
}

JoinPlan MakeJoin(const pb::View& view,
                  const std::map<std::string, std::shared_ptr<const StaticTable>>& tables) {
  JoinPlan join;
  join.table = tables.at(view.join().table());
  join.inner = view.join().type() == pb::Join::TYPE_INNER;
  join.columns.assign(view.join().columns().begin(), view.join().columns().end());
  join.group_index = static_cast<int>(
      std::find(view.group_by().begin(), view.group_by().end(), view.join().field()) -
      view.group_by().begin());
  return join;
}

std::shared_ptr<const StaticTable> MakeTable(const pb::StaticTable& table) {
  std::vector<StaticTable::Row> rows;
  for (const pb::StaticTable::Row& row : table.rows()) {
    rows.emplace_back(row.columns().begin(), row.columns().end());
  }
  return std::make_shared<const StaticTable>(table.version(), table.key_column(), std::move(rows));
}

// Index of `name` in `fields`, to which it is added when it is new.
int FieldIndex(const std::string& name, std::vector<std::string>* fields) {
  const auto found = std::find(fields->begin(), fields->end(), name);
  if (found != fields->end()) return static_cast<int>(found - fields->begin());
  fields->push_back(name);
  return static_cast<int>(fields->size()) - 1;
}

AggregateFunction FunctionOf(const pb::Aggregate& aggregate) {
  switch (aggregate.function_case()) {
    case pb::Aggregate::kSum:
      return AggregateFunction::kSum;
    case pb::Aggregate::kMin:
      return AggregateFunction::kMin;
    case pb::Aggregate::kMax:
      return AggregateFunction::kMax;
    case pb::Aggregate::kAvg:
      return AggregateFunction::kAvg;
    case pb::Aggregate::kCountDistinct:
      return AggregateFunction::kCountDistinct;
    case pb::Aggregate::kTopK:
      return AggregateFunction::kTopK;
    default:
      return AggregateFunction::kCount;
  }
}

ValueType TypeOf(pb::ValueType type) {
  switch (type) {
    case pb::VALUE_TYPE_INTEGER:
      return ValueType::kInteger;
    case pb::VALUE_TYPE_TEXT:
      return ValueType::kText;
    default:
      return ValueType::kDouble;
  }
}

// Index of what an aggregate reads in the plan's inputs, to which it is added when it is new.
int InputIndex(InputPlan input, std::vector<InputPlan>* inputs) {
  const auto found = std::find_if(inputs->begin(), inputs->end(), [input](const InputPlan& other) {
    return other.field == input.field && other.type == input.type;
  });
  if (found != inputs->end()) return static_cast<int>(found - inputs->begin());
  inputs->push_back(input);
  return static_cast<int>(inputs->size()) - 1;
}

AggregatePlan MakeAggregate(const pb::Aggregate& aggregate, PipelinePlan* plan) {
  const AggregateInput input = InputOf(aggregate);
  AggregatePlan made;
  made.name = aggregate.name();
  made.function = FunctionOf(aggregate);
  made.type = TypeOf(input.type);
  made.limit = input.limit;
  if (!input.field.empty()) {
    made.input = InputIndex({FieldIndex(input.field, &plan->fields), made.type}, &plan->inputs);
  }
  return made;
}

void SetEmit(const pb::Emit& emit, ViewPlan* view) {
  if (emit.mode() == pb::Emit::MODE_FINAL) view->emit = EmitMode::kFinal;
  if (emit.mode() != pb::Emit::MODE_INTERVAL) return;
  view->emit = EmitMode::kInterval;
  view->emit_interval = ToSpan(emit.interval());
}

absl::optional<Filter> MakeFilter(const std::string& text, std::vector<std::string>* fields) {
  if (text.empty()) return absl::nullopt;
  Filter filter = *Filter::Parse(text);
  std::vector<int> positions;
  for (const std::string& field : filter.fields()) positions.push_back(FieldIndex(field, fields));
  filter.Bind(std::move(positions));
  return filter;
}

}  // namespace

absl::StatusOr<pb::Pipeline> LoadPipelineFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFileContent(path, kMaxPipelineFile);
  if (!text.ok()) return text.status();
  pb::Pipeline pipeline;
  google::protobuf::TextFormat::Parser parser;
  ErrorLines errors;
  parser.RecordErrorsTo(&errors);
  if (!parser.ParseFromString(*text, &pipeline)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", errors.text()));
  }
  for (pb::StaticTable& table : *pipeline.mutable_tables()) {
    const absl::Status status = LoadTable(path, &table);
    if (!status.ok()) return status;
  }
  if (pipeline.merge_partitions() == 0) pipeline.set_merge_partitions(kDefaultMergePartitions);
  return pipeline;
}

Violations ValidatePipeline(const pb::Pipeline& pipeline) {
  Violations violations;
  if (!IsId(PipelineId(pipeline.name()))) {
    violations.push_back({"name", absl::StrCat("must be \"pipelines/{id}\"; the id ", kIdRule)});
  }
  if (!IsTopic(pipeline.source_topic())) {
    violations.push_back({"source_topic",
                          "must be the name of a Kafka topic: 1 to 249 of letters, digits, '.', "
                          "'_' and '-'"});
  }
  if (IsOwnTopic(PipelineId(pipeline.name()), pipeline.source_topic())) {
    violations.push_back({"source_topic", "must not be one of the pipeline's own topics"});
  }
  CheckEventTime(pipeline.event_time(), &violations);
  CheckDuration(pipeline.watermark_delay(), 0, WindowSpec::kMaxSize, "watermark_delay",
                "must be from 0 to 400 days", &violations);
  CheckDuration(pipeline.max_future_skew(), 0, WindowSpec::kMaxSize, "max_future_skew",
                "must be from 0 to 400 days", &violations);
  CheckDuration(pipeline.correction_horizon(), 0, WindowSpec::kMaxSize, "correction_horizon",
                "must be from 0 to 400 days", &violations);
  CheckIdlePolicy(pipeline.idle_policy(), "idle_policy", &violations);
  if (pipeline.merge_partitions() < 0 || pipeline.merge_partitions() > 256) {
    violations.push_back({"merge_partitions", "must be from 1 to 256"});
  }
  CheckTables(pipeline, &violations);
  if (pipeline.views().empty()) violations.push_back({"views", "must not be empty"});
  if (pipeline.views_size() > kMaxViews) {
    violations.push_back({"views", absl::StrCat("must not be more than ", kMaxViews)});
  }
  for (int i = 0; i < pipeline.views_size(); ++i) CheckView(pipeline, i, &violations);
  for (PipelineViolation& violation : ValidateSettings(pipeline.settings())) {
    violations.push_back(std::move(violation));
  }
  return violations;
}

std::string DescribeViolations(const Violations& violations) {
  return absl::StrJoin(violations, "; ", [](std::string* out, const PipelineViolation& violation) {
    absl::StrAppend(out, violation.field, " ", violation.description);
  });
}

absl::StatusOr<std::shared_ptr<const PipelinePlan>> MakePlan(const pb::Pipeline& pipeline,
                                                             int64_t plan_generation,
                                                             int incarnation) {
  const Violations violations = ValidatePipeline(pipeline);
  if (!violations.empty()) return absl::InvalidArgumentError(DescribeViolations(violations));
  auto plan = std::make_shared<PipelinePlan>();
  plan->id = PipelineId(pipeline.name());
  plan->incarnation = incarnation;
  plan->plan_generation = plan_generation;
  plan->source_topic = pipeline.source_topic();
  plan->event_time_field = pipeline.event_time().field();
  plan->event_time_format = MakeEventTimeFormat(pipeline.event_time());
  const PipelineSettings settings = MakeSettings(pipeline.settings());
  plan->watermark_delay = settings.watermark_delay.value_or(ToSpan(pipeline.watermark_delay()));
  if (pipeline.has_max_future_skew()) plan->max_future_skew = ToSpan(pipeline.max_future_skew());
  if (pipeline.has_correction_horizon()) {
    plan->correction_horizon = ToSpan(pipeline.correction_horizon());
  }
  plan->declared_idle_policy = MakeIdlePolicy(pipeline.idle_policy());
  plan->idle_policy = settings.idle_policy.value_or(plan->declared_idle_policy);
  plan->merge_partitions =
      pipeline.merge_partitions() == 0 ? kDefaultMergePartitions : pipeline.merge_partitions();
  std::map<std::string, std::shared_ptr<const StaticTable>> tables;
  for (const pb::StaticTable& table : pipeline.tables()) tables[table.name()] = MakeTable(table);
  for (const pb::View& view : pipeline.views()) {
    ViewPlan view_plan;
    view_plan.id = view.id();
    if (view.window().has_session()) {
      view_plan.session_gap = ToSpan(view.window().session().gap());
    } else {
      view_plan.window = *MakeWindow(view.window());
    }
    SetEmit(view.emit(), &view_plan);
    for (const std::string& field : view.group_by()) {
      view_plan.group_fields.push_back(FieldIndex(field, &plan->fields));
    }
    for (const pb::Aggregate& aggregate : view.aggregates()) {
      view_plan.aggregates.push_back(MakeAggregate(aggregate, plan.get()));
      if (view_plan.aggregates.back().has_state()) {
        view_plan.stateful.push_back(view_plan.aggregates.back());
      }
    }
    if (view.has_join()) view_plan.join = MakeJoin(view, tables);
    view_plan.filter = MakeFilter(view.filter(), &plan->fields);
    plan->views.push_back(std::move(view_plan));
  }
  return std::shared_ptr<const PipelinePlan>(std::move(plan));
}

pb::Pipeline PipelineOf(const ControlledPipeline& controlled) {
  pb::Pipeline pipeline = PipelineOf(controlled.served);
  *pipeline.mutable_settings() = EncodeSettings(controlled.settings);
  return pipeline;
}

pb::Pipeline PipelineOf(const ControlledIncarnation& incarnation) {
  pb::Pipeline pipeline;
  pipeline.ParseFromString(incarnation.definition);
  for (const auto& entry : incarnation.tables) {
    pb::StaticTable changed;
    pb::StaticTable* const table = FindTable(entry.first, &pipeline);
    if (table == nullptr || !changed.ParseFromString(entry.second)) continue;
    table->mutable_rows()->Swap(changed.mutable_rows());
    table->set_version(changed.version());
  }
  pipeline.clear_settings();
  return pipeline;
}

absl::StatusOr<std::shared_ptr<const PipelinePlan>> MakePlan(
    const ControlledPipeline& controlled, const ControlledIncarnation& incarnation) {
  pb::Pipeline pipeline = PipelineOf(incarnation);
  *pipeline.mutable_settings() = EncodeSettings(controlled.settings);
  return MakePlan(pipeline, controlled.plan_generation, incarnation.number);
}

pb::StaticTable* FindTable(absl::string_view name, pb::Pipeline* pipeline) {
  for (pb::StaticTable& table : *pipeline->mutable_tables()) {
    if (table.name() == name) return &table;
  }
  return nullptr;
}

std::string TablePath(const std::string& pipeline_path, const pb::StaticTable& table) {
  const size_t slash = pipeline_path.rfind('/');
  if (absl::StartsWith(table.path(), "/") || slash == std::string::npos) return table.path();
  return pipeline_path.substr(0, slash + 1) + table.path();
}

std::string PipelineId(absl::string_view name) {
  constexpr absl::string_view kPrefix = "pipelines/";
  return absl::StartsWith(name, kPrefix) ? std::string(name.substr(kPrefix.size())) : "";
}

}  // namespace windrow::aggregator
