#include "services/aggregator/simulation/recount.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "absl/numeric/int128.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "services/aggregator/simulation/json_value.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

int64_t Micros(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1'000'000 + duration.nanos() / 1000;
}

// What a record says, of the fields that the pipeline names; absent ones are null.
struct ReadRecord {
  int64_t time_us = 0;
  std::map<std::string, absl::optional<std::string>> fields;
};

const pb::StaticTable::Row* FindRow(const pb::StaticTable& table,
                                    const absl::optional<std::string>& key) {
  if (!key.has_value()) return nullptr;
  for (const pb::StaticTable::Row& row : table.rows()) {
    const auto column = row.columns().find(table.key_column());
    if (column != row.columns().end() && column->second == *key) return &row;
  }
  return nullptr;
}

class Counter {
 public:
  Counter(const Scenario& scenario, const TableGenerations* generations)
      : scenario_(scenario), generations_(generations), pipeline_(scenario.pipeline) {
    for (int64_t generation = 0; generation < TableCount(scenario); ++generation) {
      const pb::Settings* const settings =
          generation == 0 ? nullptr : &scenario.later_settings[static_cast<size_t>(generation - 1)];
      delays_us_.push_back(Micros(settings != nullptr && settings->has_watermark_delay()
                                      ? settings->watermark_delay()
                                      : pipeline_.watermark_delay()));
    }
    const std::string& zone = pipeline_.event_time().time_zone();
    absl::LoadTimeZone(zone.empty() ? "UTC" : zone, &zone_);
  }

  Recount Count() {
    for (size_t partition = 0; partition < scenario_.logs.size(); ++partition) {
      CountLog(static_cast<int>(partition));
    }
    for (auto& group : sessions_) CountSessions(group.first, &group.second);
    for (auto& row : recount_.rows) FillValues(row.first, &row.second);
    return std::move(recount_);
  }

 private:
  void CountLog(int partition) {
    RecountedSource source;
    source.views.resize(static_cast<size_t>(pipeline_.views_size()));
    recount_.sources.push_back({source});
    const std::vector<SourceRecord>& log = scenario_.logs[static_cast<size_t>(partition)];
    for (size_t index = 0; index < log.size(); ++index) {
      CountRecord({partition, index}, log[index], &source);
      recount_.sources.back().push_back(source);
    }
  }

  void CountRecord(const RecordName& name, const SourceRecord& record, RecountedSource* source) {
    ++source->read;
    ReadRecord read;
    const std::string reason = Read(record, &read);
    if (!reason.empty()) {
      ++source->dead_lettered;
      recount_.dead_letters[name] = reason;
      return;
    }
    recount_.fields.push_back(read.fields);
    for (int view = 0; view < pipeline_.views_size(); ++view) {
      CountInView(name, read, pipeline_.views(view), *source,
                  &source->views[static_cast<size_t>(view)]);
    }
    const int64_t max_us = std::max(source->max_event_time_us.value_or(read.time_us), read.time_us);
    source->max_event_time_us = max_us;
    int64_t longest_us = *std::max_element(delays_us_.begin(), delays_us_.end());
    int64_t shortest_us = *std::min_element(delays_us_.begin(), delays_us_.end());
    if (generations_ != nullptr) {
      const int64_t generation = (*generations_)[static_cast<size_t>(name.first)][name.second];
      longest_us = shortest_us = delays_us_[static_cast<size_t>(generation)];
    }
    source->watermark_us =
        std::max(source->watermark_us.value_or(max_us - longest_us), max_us - longest_us);
    source->highest_watermark_us =
        std::max(source->highest_watermark_us.value_or(max_us - shortest_us), max_us - shortest_us);
  }

  // Fields whose text the pipeline needs, and those that must be whole numbers.
  std::set<std::string> UsedFields() const {
    std::set<std::string> used;
    for (const pb::View& view : pipeline_.views()) {
      used.insert(view.group_by().begin(), view.group_by().end());
      for (const pb::Aggregate& aggregate : view.aggregates()) used.insert(FieldOf(aggregate));
      if (view.filter() == Filters()[0]) used.insert("kind");
      if (view.filter() == Filters()[1]) used.insert({"kind", "area"});
      if (view.filter() == Filters()[2]) used.insert({"size", "level"});
    }
    used.erase("");
    return used;
  }

  bool Aggregates(const std::string& field) const {
    for (const pb::View& view : pipeline_.views()) {
      for (const pb::Aggregate& aggregate : view.aggregates()) {
        if (FieldOf(aggregate) == field) return true;
      }
    }
    return false;
  }

  static std::string FieldOf(const pb::Aggregate& aggregate) {
    switch (aggregate.function_case()) {
      case pb::Aggregate::kCount:
        return aggregate.count().field();
      case pb::Aggregate::kSum:
        return aggregate.sum().field();
      case pb::Aggregate::kMin:
        return aggregate.min().field();
      case pb::Aggregate::kMax:
        return aggregate.max().field();
      case pb::Aggregate::kAvg:
        return aggregate.avg().field();
      case pb::Aggregate::kCountDistinct:
        return aggregate.count_distinct().field();
      case pb::Aggregate::kTopK:
        return aggregate.top_k().field();
      case pb::Aggregate::FUNCTION_NOT_SET:
        break;
    }
    return "";
  }

  static bool IsWhole(const std::string& text) {
    return !text.empty() && text.find_first_not_of("-0123456789") == std::string::npos;
  }

  bool Passes(const pb::View& view, const ReadRecord& record) const {
    const absl::optional<std::string> kind = FieldOf(record, "kind");
    if (view.filter() == Filters()[0]) return kind.has_value() && *kind != "b";
    if (view.filter() == Filters()[1]) {
      return kind == "a" || kind == "7" || !FieldOf(record, "area").has_value();
    }
    if (view.filter() == Filters()[2]) {
      const absl::optional<std::string> size = FieldOf(record, "size");
      double number = 0;
      return size.has_value() && absl::SimpleAtod(*size, &number) && number >= 0 &&
             FieldOf(record, "level") == "true";
    }
    return true;
  }

  // Returns why it cannot be read.
  std::string Read(const SourceRecord& record, ReadRecord* read) const {
    const absl::optional<JsonValue> json =
        record.value.has_value() ? ParseJson(*record.value) : absl::nullopt;
    if (!json.has_value()) return "not-json";
    if (json->type != JsonValue::Type::kObject) return "not-an-object";
    for (const std::string& field : used_) {
      const auto found = json->members.find(field);
      if (found == json->members.end()) continue;
      const JsonValue& value = found->second;
      if (value.type == JsonValue::Type::kArray || value.type == JsonValue::Type::kObject) {
        return "wrong-type";
      }
      if (value.type != JsonValue::Type::kNull) read->fields[field] = value.text;
    }
    const auto time = json->members.find(pipeline_.event_time().field());
    if (time == json->members.end() || time->second.type == JsonValue::Type::kNull) {
      return "missing-event-time";
    }
    if (time->second.type != JsonValue::Type::kText) return "wrong-type";
    if (!ReadTime(time->second.text, &read->time_us)) return "bad-event-time";
    const int64_t skew_us = Micros(pipeline_.max_future_skew());
    if (read->time_us > record.timestamp_ms * 1000 + skew_us) return "future-event-time";
    const absl::optional<std::string> size = FieldOf(*read, "size");
    if (whole_size_ && size.has_value() && !IsWhole(*size)) return "wrong-type";
    const absl::optional<std::string> weight = FieldOf(*read, "weight");
    if (number_weight_ && weight == "x") return "wrong-type";
    return "";
  }

  bool ReadTime(const std::string& text, int64_t* micros) const {
    absl::Time time;
    if (!absl::ParseTime("%Y-%m-%dT%H:%M:%E*S%Ez", text, &time, nullptr) &&
        !absl::ParseTime("%Y-%m-%dT%H:%M:%E*S", text, zone_, &time, nullptr)) {
      return false;
    }
    *micros = absl::ToUnixMicros(time);
    return true;
  }

  void CountInView(const RecordName& name, const ReadRecord& record, const pb::View& view,
                   const RecountedSource& source, RecountedView* counted) {
    if (!Passes(view, record)) {
      ++counted->filtered;
      return;
    }
    if (view.has_join() && view.join().type() == pb::Join::TYPE_INNER &&
        !IsInTable(name, FieldOf(record, view.join().field()))) {
      ++counted->unmatched;
      return;
    }
    std::vector<absl::optional<std::string>> group;
    for (const std::string& field : view.group_by()) group.push_back(FieldOf(record, field));
    if (view.window().has_session()) {
      if (source.highest_watermark_us.has_value() &&
          record.time_us < *source.highest_watermark_us) {
        // Of no window in particular.
        ++recount_.late[{view.id(), std::numeric_limits<int64_t>::min()}];
      }
      if (source.watermark_us.has_value() && record.time_us < *source.watermark_us) {
        ++counted->late_everywhere;
      } else {
        ++counted->accepted;
        sessions_[{view.id(), group}].push_back({record.time_us, name, &recount_.fields.back()});
      }
      return;
    }
    const int64_t size = view.window().has_tumbling() ? Micros(view.window().tumbling().size())
                                                      : Micros(view.window().sliding().size());
    const int64_t slide =
        view.window().has_tumbling() ? size : Micros(view.window().sliding().slide());
    bool accepted = false;
    // From a start that is surely beyond the record, back to the first window that ends behind it.
    int64_t start = (record.time_us / slide + 2) * slide + Micros(view.window().offset());
    for (; start + size > record.time_us; start -= slide) {
      if (start > record.time_us) continue;
      if (source.highest_watermark_us.has_value() && start + size <= *source.highest_watermark_us) {
        ++recount_.late[{view.id(), start}];
      }
      if (source.watermark_us.has_value() && start + size <= *source.watermark_us) continue;
      accepted = true;
      RecountedRow& row = recount_.rows[{view.id(), start, group}];
      row.end_us = start + size;
      ++row.accepted;
      row.records.push_back(name);
      row.fields.push_back(&recount_.fields.back());
    }
    ++(accepted ? counted->accepted : counted->late_everywhere);
  }

  static absl::optional<std::string> FieldOf(const ReadRecord& record, const std::string& field) {
    const auto found = record.fields.find(field);
    return found == record.fields.end() ? absl::nullopt : found->second;
  }

  bool IsInTable(const RecordName& record, const absl::optional<std::string>& key) const {
    for (int64_t generation = 0; generation < TableCount(scenario_); ++generation) {
      if (generations_ != nullptr &&
          (*generations_)[static_cast<size_t>(record.first)][record.second] != generation) {
        continue;
      }
      if (FindRow(TableOf(scenario_, generation), key) != nullptr) return true;
    }
    return false;
  }

  struct SessionRecord {
    int64_t time_us = 0;
    RecordName name;
    const std::map<std::string, absl::optional<std::string>>* fields = nullptr;
  };
  // View and group.
  using SessionGroup = std::pair<std::string, std::vector<absl::optional<std::string>>>;

  void CountSessions(const SessionGroup& group, std::vector<SessionRecord>* records) {
    int64_t gap_us = 0;
    for (const pb::View& view : pipeline_.views()) {
      if (view.id() == group.first) gap_us = Micros(view.window().session().gap());
    }
    std::sort(records->begin(), records->end(),
              [](const SessionRecord& a, const SessionRecord& b) { return a.time_us < b.time_us; });
    RecountedRow* row = nullptr;
    for (size_t i = 0; i < records->size(); ++i) {
      const SessionRecord& record = (*records)[i];
      if (i == 0 || record.time_us - (*records)[i - 1].time_us >= gap_us) {
        row = &recount_.rows[{group.first, record.time_us, group.second}];
      }
      row->end_us = record.time_us + gap_us;
      ++row->accepted;
      row->records.push_back(record.name);
      row->fields.push_back(record.fields);
    }
  }

  static std::string ValueOf(const pb::Aggregate& aggregate, const RecountedRow& row) {
    const std::string field = FieldOf(aggregate);
    if (field.empty()) return absl::StrCat(row.accepted);
    std::vector<std::string> texts;
    for (const auto* fields : row.fields) {
      const auto found = fields->find(field);
      if (found != fields->end() && found->second.has_value()) texts.push_back(*found->second);
    }
    if (field == "weight") return WeightOf(aggregate, texts);
    int64_t sum = 0;
    std::vector<int64_t> numbers;
    std::map<std::string, int64_t> counts;
    for (const std::string& text : texts) {
      int64_t number = 0;
      if (absl::SimpleAtoi(text, &number)) numbers.push_back(number);
      sum += number;
      ++counts[text];
    }
    switch (aggregate.function_case()) {
      case pb::Aggregate::kCount:
        return absl::StrCat(texts.size());
      case pb::Aggregate::kSum:
        return texts.empty() ? "null" : absl::StrCat(sum);
      case pb::Aggregate::kMin:
        return texts.empty() ? "null"
                             : absl::StrCat(*std::min_element(numbers.begin(), numbers.end()));
      case pb::Aggregate::kMax:
        return texts.empty()
                   ? "null"
                   : absl::StrCat("\"", *std::max_element(texts.begin(), texts.end()), "\"");
      case pb::Aggregate::kCountDistinct:
        return absl::StrCat(counts.size());
      default:
        break;
    }
    std::vector<std::pair<int64_t, std::string>> most;
    for (const auto& count : counts) most.emplace_back(-count.second, count.first);
    std::sort(most.begin(), most.end());
    most.resize(std::min<size_t>(most.size(), 2));
    std::string text = "[";
    for (const auto& entry : most) {
      absl::StrAppend(&text, "\"", entry.second, "\":", -entry.first, " ");
    }
    return text + "]";
  }

  // Of doubles: exact in units of 2^-60, and rounded once.
  static std::string WeightOf(const pb::Aggregate& aggregate,
                              const std::vector<std::string>& texts) {
    if (texts.empty()) return "null";
    absl::int128 units = 0;
    for (const std::string& text : texts) {
      double number = 0;
      if (!absl::SimpleAtod(text, &number)) return "?";
      units += static_cast<absl::int128>(std::ldexp(number, 60));
    }
    const double sum = std::ldexp(static_cast<double>(units), -60);
    return absl::StrFormat("%a",
                           aggregate.has_sum() ? sum : sum / static_cast<double>(texts.size()));
  }

  void FillValues(const RowName& name, RecountedRow* row) const {
    for (const pb::View& view : pipeline_.views()) {
      if (view.id() != std::get<0>(name)) continue;
      for (const pb::Aggregate& aggregate : view.aggregates()) {
        row->values[aggregate.name()] = ValueOf(aggregate, *row);
      }
    }
  }

  const Scenario& scenario_;
  const TableGenerations* const generations_;
  const pb::Pipeline& pipeline_;
  // By generation.
  std::vector<int64_t> delays_us_;
  const std::set<std::string> used_ = UsedFields();
  const bool whole_size_ = Aggregates("size");
  const bool number_weight_ = Aggregates("weight");
  absl::TimeZone zone_;
  Recount recount_;
  std::map<SessionGroup, std::vector<SessionRecord>> sessions_;
};

}  // namespace

Recount RecountScenario(const Scenario& scenario, const TableGenerations* generations) {
  return Counter(scenario, generations).Count();
}

int64_t TableCount(const Scenario& scenario) {
  return static_cast<int64_t>(scenario.later_tables.size()) + 1;
}

const pb::StaticTable& TableOf(const Scenario& scenario, int64_t generation) {
  return generation == 0 ? scenario.pipeline.tables(0)
                         : scenario.later_tables[static_cast<size_t>(generation - 1)];
}

std::map<std::string, std::string> JoinedColumns(
    const pb::View& view, const pb::StaticTable& table,
    const std::vector<absl::optional<std::string>>& group) {
  std::map<std::string, std::string> columns;
  absl::optional<std::string> key;
  for (int i = 0; i < view.group_by_size(); ++i) {
    if (view.group_by(i) == view.join().field()) key = group[static_cast<size_t>(i)];
  }
  const pb::StaticTable::Row* found = FindRow(table, key);
  for (const std::string& column : view.join().columns()) {
    const bool has = found != nullptr && found->columns().count(column) > 0;
    columns[column] = has ? absl::StrCat("\"", found->columns().at(column), "\"") : "null";
  }
  return columns;
}

}  // namespace windrow::aggregator
