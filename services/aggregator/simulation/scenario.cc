#include "services/aggregator/simulation/scenario.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

constexpr int64_t kMillisPerHour = 3'600'000;

void SetMillis(int64_t millis, google::protobuf::Duration* duration) {
  duration->set_seconds(millis / 1000);
  duration->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
}

// ---- The pipeline

// Windows of whole panes, so that all sizes and slides are allowed.
void MakeWindow(Random* random, pb::Window* window) {
  if (random->OneIn(4)) {
    SetMillis(random->Between(1000, 20'000), window->mutable_session()->mutable_gap());
    return;
  }
  const int64_t pane = random->Between(1000, 5000);
  const int64_t panes = random->Between(1, random->OneIn(4) ? 20 : 6);
  const int64_t slide = pane * (random->OneIn(3) ? panes : random->Between(1, panes));
  if (slide == pane * panes) {
    SetMillis(slide, window->mutable_tumbling()->mutable_size());
  } else {
    SetMillis(pane * panes, window->mutable_sliding()->mutable_size());
    SetMillis(slide, window->mutable_sliding()->mutable_slide());
  }
  if (random->OneIn(2)) SetMillis(random->Below(slide), window->mutable_offset());
}

void MakeAggregate(Random* random, int index, pb::Aggregate* aggregate) {
  aggregate->set_name(absl::StrCat("n", index));
  switch (random->Below(10)) {
    case 0:
      aggregate->mutable_count()->set_field("level");
      break;
    case 1:
      aggregate->mutable_sum()->set_field("size");
      aggregate->mutable_sum()->set_type(pb::VALUE_TYPE_INTEGER);
      break;
    case 2:
      aggregate->mutable_min()->set_field("size");
      aggregate->mutable_min()->set_type(pb::VALUE_TYPE_INTEGER);
      break;
    case 3:
      aggregate->mutable_max()->set_field("area");
      aggregate->mutable_max()->set_type(pb::VALUE_TYPE_TEXT);
      break;
    case 4:
      aggregate->mutable_count_distinct()->set_field("kind");
      break;
    case 5:
      aggregate->mutable_top_k()->set_field("kind");
      aggregate->mutable_top_k()->set_k(2);
      break;
    case 6:
      aggregate->mutable_sum()->set_field("weight");
      aggregate->mutable_sum()->set_type(pb::VALUE_TYPE_DOUBLE);
      break;
    case 7:
      aggregate->mutable_avg()->set_field("weight");
      aggregate->mutable_avg()->set_type(pb::VALUE_TYPE_DOUBLE);
      break;
    default:
      aggregate->mutable_count();
  }
}

void MakeEmit(Random* random, pb::Emit* emit) {
  emit->set_mode(static_cast<pb::Emit::Mode>(random->Between(1, 3)));
  if (emit->mode() == pb::Emit::MODE_INTERVAL) {
    SetMillis(random->Between(10, 3000), emit->mutable_interval());
  }
}

void MakeView(Random* random, int index, pb::View* view) {
  view->set_id(absl::StrCat("view-", index));
  MakeWindow(random, view->mutable_window());
  const std::vector<std::vector<std::string>> groups = {
      {"kind"}, {"area"}, {"kind", "area"}, {"area", "kind", "level"}, {}};
  for (const std::string& field : random->Pick(groups)) view->add_group_by(field);
  for (int i = static_cast<int>(random->Between(1, 3)); i > 0; --i) {
    MakeAggregate(random, i, view->add_aggregates());
  }
  if (random->OneIn(3)) view->set_filter(random->Pick(Filters()));
  if (random->OneIn(2)) MakeEmit(random, view->mutable_emit());
  if (view->group_by_size() == 0 || random->OneIn(2)) return;
  pb::Join* join = view->mutable_join();
  join->set_table("names");
  join->set_field(view->group_by(static_cast<int>(random->Below(view->group_by_size()))));
  join->set_type(random->OneIn(2) ? pb::Join::TYPE_INNER : pb::Join::TYPE_LEFT);
  join->add_columns("name");
}

void AddRow(const std::string& key, const std::string& name, pb::StaticTable* table) {
  auto& columns = *table->add_rows()->mutable_columns();
  columns["key"] = key;
  if (!name.empty()) columns["name"] = name;
}

void MakeTable(pb::StaticTable* table) {
  table->set_name("names");
  table->set_key_column("key");
  table->set_version("v0");
  for (const char* key : {"a", "b", "7", "true"}) {
    AddRow(key, *key == 'b' ? "" : absl::StrCat("name of ", key), table);
  }
}

std::vector<pb::StaticTable> MakeLaterTables(Random* random) {
  std::vector<pb::StaticTable> tables(static_cast<size_t>(random->Between(1, 4)));
  for (size_t i = 0; i < tables.size(); ++i) {
    tables[i].set_name("names");
    tables[i].set_key_column("key");
    tables[i].set_version(absl::StrCat("v", i + 1));
    for (const char* key : {"a", "b", "c", "7", "true", ""}) {
      if (random->OneIn(3)) continue;
      AddRow(key, random->OneIn(4) ? "" : absl::StrCat(key, " in ", i + 1), &tables[i]);
    }
    // A table has the column in some row.
    AddRow("nobody", "x", &tables[i]);
  }
  return tables;
}

void MakeIdlePolicy(Random* random, pb::IdlePolicy* policy) {
  SetMillis(random->Below(20) * 500, policy->mutable_idle_timeout());
  SetMillis(random->Below(20) * 500, policy->mutable_close_after());
  policy->set_all_idle(static_cast<pb::IdlePolicy::AllIdle>(random->Between(1, 3)));
}

pb::Settings MakeLaterSettings(Random* random) {
  pb::Settings settings;
  if (random->OneIn(2)) {
    SetMillis(random->Below(40) * 1000, settings.mutable_watermark_delay());
  }
  if (random->OneIn(2)) MakeIdlePolicy(random, settings.mutable_idle_policy());
  return settings;
}

pb::Pipeline MakePipeline(Random* random) {
  pb::Pipeline pipeline;
  pipeline.set_name("pipelines/p");
  pipeline.set_source_topic("records");
  pipeline.mutable_event_time()->set_field("at");
  if (random->OneIn(4)) pipeline.mutable_event_time()->set_time_zone("America/Los_Angeles");
  SetMillis(random->Below(40) * 1000, pipeline.mutable_watermark_delay());
  SetMillis(kMillisPerHour, pipeline.mutable_max_future_skew());
  SetMillis(kMillisPerHour * 24 * 300, pipeline.mutable_correction_horizon());
  MakeIdlePolicy(random, pipeline.mutable_idle_policy());
  MakeTable(pipeline.add_tables());
  const auto views = static_cast<int>(random->Between(1, 3));
  for (int i = 0; i < views; ++i) MakeView(random, i, pipeline.add_views());
  pipeline.set_merge_partitions(static_cast<int>(random->Between(1, 4)));
  return pipeline;
}

// ---- The logs

// A value of a group field as JSON: text, number, truth value, null.
std::string MakeScalar(Random* random) {
  static const std::vector<std::string>& scalars =
      *new std::vector<std::string>{R"("a")",      R"("b")", R"("c")", R"("\u0061")", R"("")",
                                    R"("ü \" x")", "7",      "7.0",    "true",        "null"};
  return random->Pick(scalars);
}

// Mostly a whole number, or text that spells one.
std::string MakeSize(Random* random) {
  if (random->OneIn(60)) return random->OneIn(2) ? "1.5" : "\"x\"";
  if (random->OneIn(10)) return "null";
  const std::string number = absl::StrCat(random->Between(-50, 50));
  return random->OneIn(3) ? absl::StrCat("\"", number, "\"") : number;
}

// Sums of these are exact in 128 bits, and mostly not in 53.
std::string MakeWeight(Random* random) {
  static const std::vector<std::string>& weights = *new std::vector<std::string>{
      "0.1", "0.1", "-0.1", "0.7", "3", "1e12", "-1e12", "2.5E-1", "-1234567.8", R"("0.3")"};
  if (random->OneIn(60)) return "\"x\"";
  return random->OneIn(10) ? "null" : random->Pick(weights);
}

std::string MakeTime(Random* random, int64_t millis, const std::string& zone) {
  const absl::Time time = absl::FromUnixMillis(millis);
  if (!zone.empty() && random->OneIn(2)) {
    absl::TimeZone local;
    absl::LoadTimeZone(zone, &local);
    return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3S", time, local);
  }
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::string Join(Random* random, std::vector<std::string> members) {
  if (random->OneIn(2)) members.emplace_back(R"("other":[1,{"at":"no"},"}"])");
  std::rotate(members.begin(),
              members.begin() +
                  static_cast<std::ptrdiff_t>(random->Below(static_cast<int64_t>(members.size()))),
              members.end());
  return absl::StrCat("{", absl::StrJoin(members, random->OneIn(2) ? "," : " , "), "}");
}

std::string MakeGood(Random* random, int64_t millis, const std::string& zone) {
  std::vector<std::string> members = {
      absl::StrCat(R"("at":")", MakeTime(random, millis, zone), "\"")};
  for (const char* field : {"kind", "area", "level"}) {
    if (random->OneIn(12)) continue;
    members.push_back(absl::StrCat("\"", field, "\": ", MakeScalar(random)));
  }
  if (!random->OneIn(6)) members.push_back(absl::StrCat("\"size\":", MakeSize(random)));
  if (!random->OneIn(6)) members.push_back(absl::StrCat("\"weight\":", MakeWeight(random)));
  return Join(random, std::move(members));
}

// Something that cannot be counted, whatever the pipeline.
absl::optional<std::string> MakeBroken(Random* random, int64_t timestamp_ms,
                                       const std::string& zone) {
  switch (random->Below(9)) {
    case 0:
      return "{\"at\":";
    case 1:
      return "";
    case 2:
      return absl::nullopt;
    case 3:
      return "[1]";
    case 4:
      return R"({"kind":"a"})";
    case 5:
      return R"({"at":null,"kind":"a"})";
    case 6:
      return R"({"at":"yesterday","kind":"a"})";
    case 7:
      return R"({"at":1537920000,"kind":"a"})";
    default:
      return MakeGood(random, timestamp_ms + kMillisPerHour + 1 + random->Below(5000), zone);
  }
}

std::vector<SourceRecord> MakeLog(Random* random, int64_t begin_ms, int most,
                                  const std::string& zone) {
  std::vector<SourceRecord> log(
      static_cast<size_t>(random->OneIn(8) ? 0 : random->Below(most + 1)));
  const int64_t step = random->Between(200, 2000);
  const int64_t disorder = random->Between(1, 60) * 1000;
  int64_t now = begin_ms + random->Below(100'000);
  // Some partitions lie far behind the others, as in a replay.
  if (random->OneIn(8)) now += random->Below(200) * kMillisPerHour;
  for (SourceRecord& record : log) {
    now += random->Below(2 * step);
    if (random->OneIn(60)) now += random->Below(200'000);
    // Of when it was written, which was never before 1970.
    record.timestamp_ms = std::max<int64_t>(0, now + 1000);
    int64_t time = now - (random->OneIn(2) ? random->Below(disorder) : 0);
    // Borders of windows and watermarks are where mistakes are.
    if (random->OneIn(2)) time -= (time % 1000 + 1000) % 1000;
    if (random->OneIn(25)) {
      record.value = MakeBroken(random, record.timestamp_ms, zone);
    } else if (random->OneIn(60)) {
      record.value = absl::StrCat(R"({"kind":{},"at":")", MakeTime(random, time, zone), "\"}");
    } else {
      record.value = MakeGood(random, time, zone);
    }
  }
  return log;
}

}  // namespace

const std::vector<std::string>& Filters() {
  static const std::vector<std::string>& filters =
      *new std::vector<std::string>{R"(kind != "b")", R"(kind in ("a", "7") or not exists area)",
                                    R"(size >= 0 and level = true)"};
  return filters;
}

Scenario MakeScenario(Random* random, const ScenarioOptions& options) {
  Scenario scenario;
  scenario.pipeline = MakePipeline(random);
  // Some lie around 1970, where times change their sign.
  const int64_t begin_ms = random->OneIn(3) ? -200'000 : int64_t{17'800} * 24 * kMillisPerHour;
  const auto partitions = static_cast<int>(random->Between(1, 4));
  for (int i = 0; i < partitions; ++i) {
    scenario.logs.push_back(
        MakeLog(random, begin_ms, options.records, scenario.pipeline.event_time().time_zone()));
  }
  if (options.later_tables && random->OneIn(2)) scenario.later_tables = MakeLaterTables(random);
  while (scenario.later_settings.size() < scenario.later_tables.size()) {
    scenario.later_settings.push_back(MakeLaterSettings(random));
  }
  scenario.first_partitions = partitions;
  if (options.may_expire && random->OneIn(6)) {
    scenario.may_expire = true;
    if (random->OneIn(2)) {
      SetMillis(random->Below(100'000), scenario.pipeline.mutable_correction_horizon());
    }
    scenario.first_partitions = static_cast<int>(random->Between(1, partitions));
  }
  return scenario;
}

}  // namespace windrow::aggregator
