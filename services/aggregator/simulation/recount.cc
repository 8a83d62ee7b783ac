#include "services/aggregator/simulation/recount.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
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

class Counter {
 public:
  explicit Counter(const Scenario& scenario)
      : scenario_(scenario),
        pipeline_(scenario.pipeline),
        delay_us_(Micros(pipeline_.watermark_delay())) {
    const std::string& zone = pipeline_.event_time().time_zone();
    absl::LoadTimeZone(zone.empty() ? "UTC" : zone, &zone_);
  }

  Recount Count() {
    for (size_t partition = 0; partition < scenario_.logs.size(); ++partition) {
      CountLog(static_cast<int>(partition));
    }
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
    for (int view = 0; view < pipeline_.views_size(); ++view) {
      CountInView(name, read, pipeline_.views(view), source->max_event_time_us,
                  &source->views[static_cast<size_t>(view)]);
    }
    source->max_event_time_us =
        std::max(source->max_event_time_us.value_or(read.time_us), read.time_us);
  }

  // Returns why it cannot be read.
  std::string Read(const SourceRecord& record, ReadRecord* read) const {
    const absl::optional<JsonValue> json =
        record.value.has_value() ? ParseJson(*record.value) : absl::nullopt;
    if (!json.has_value()) return "not-json";
    if (json->type != JsonValue::Type::kObject) return "not-an-object";
    for (const pb::View& view : pipeline_.views()) {
      for (const std::string& field : view.group_by()) {
        const auto found = json->members.find(field);
        if (found == json->members.end()) continue;
        const JsonValue& value = found->second;
        if (value.type == JsonValue::Type::kArray || value.type == JsonValue::Type::kObject) {
          return "wrong-type";
        }
        if (value.type != JsonValue::Type::kNull) read->fields[field] = value.text;
      }
    }
    const auto time = json->members.find(pipeline_.event_time().field());
    if (time == json->members.end() || time->second.type == JsonValue::Type::kNull) {
      return "missing-event-time";
    }
    if (time->second.type != JsonValue::Type::kText) return "wrong-type";
    if (!ReadTime(time->second.text, &read->time_us)) return "bad-event-time";
    const int64_t skew_us = Micros(pipeline_.max_future_skew());
    if (read->time_us > record.timestamp_ms * 1000 + skew_us) return "future-event-time";
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
                   absl::optional<int64_t> largest_us, RecountedView* counted) {
    if (view.has_join() && view.join().type() == pb::Join::TYPE_INNER &&
        FindRow(view, FieldOf(record, view.join().field())) == nullptr) {
      ++counted->unmatched;
      return;
    }
    std::vector<absl::optional<std::string>> group;
    for (const std::string& field : view.group_by()) group.push_back(FieldOf(record, field));
    const int64_t size = view.window().has_tumbling() ? Micros(view.window().tumbling().size())
                                                      : Micros(view.window().sliding().size());
    const int64_t slide =
        view.window().has_tumbling() ? size : Micros(view.window().sliding().slide());
    bool accepted = false;
    // From a start that is surely beyond the record, back to the first window that ends behind it.
    int64_t start = (record.time_us / slide + 2) * slide + Micros(view.window().offset());
    for (; start + size > record.time_us; start -= slide) {
      if (start > record.time_us) continue;
      if (largest_us.has_value() && start + size <= *largest_us - delay_us_) {
        ++recount_.late[{view.id(), start}];
        continue;
      }
      accepted = true;
      RecountedRow& row = recount_.rows[{view.id(), start, group}];
      row.end_us = start + size;
      ++row.accepted;
      row.records.push_back(name);
    }
    ++(accepted ? counted->accepted : counted->late_everywhere);
  }

  static absl::optional<std::string> FieldOf(const ReadRecord& record, const std::string& field) {
    const auto found = record.fields.find(field);
    return found == record.fields.end() ? absl::nullopt : found->second;
  }

  const pb::StaticTable::Row* FindRow(const pb::View& view,
                                      const absl::optional<std::string>& key) const {
    if (!key.has_value()) return nullptr;
    for (const pb::StaticTable& table : pipeline_.tables()) {
      if (table.name() != view.join().table()) continue;
      for (const pb::StaticTable::Row& row : table.rows()) {
        const auto column = row.columns().find(table.key_column());
        if (column != row.columns().end() && column->second == *key) return &row;
      }
    }
    return nullptr;
  }

  void FillValues(const RowName& name, RecountedRow* row) const {
    for (const pb::View& view : pipeline_.views()) {
      if (view.id() != std::get<0>(name)) continue;
      for (const pb::Aggregate& aggregate : view.aggregates()) {
        row->values[aggregate.name()] = absl::StrCat(row->accepted);
      }
      if (!view.has_join()) continue;
      absl::optional<std::string> key;
      for (int i = 0; i < view.group_by_size(); ++i) {
        if (view.group_by(i) == view.join().field())
          key = std::get<2>(name)[static_cast<size_t>(i)];
      }
      const pb::StaticTable::Row* found = FindRow(view, key);
      for (const std::string& column : view.join().columns()) {
        const bool has = found != nullptr && found->columns().count(column) > 0;
        row->values[column] = has ? absl::StrCat("\"", found->columns().at(column), "\"") : "null";
      }
    }
  }

  const Scenario& scenario_;
  const pb::Pipeline& pipeline_;
  const int64_t delay_us_;
  absl::TimeZone zone_;
  Recount recount_;
};

}  // namespace

Recount RecountScenario(const Scenario& scenario) { return Counter(scenario).Count(); }

}  // namespace windrow::aggregator
