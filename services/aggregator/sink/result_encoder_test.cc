#include "services/aggregator/sink/result_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/aggregator/core/group_key.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::results::v1;

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr EventSpan kMinute = kMicrosPerMinute;

struct Record {
  bool deleted = false;
  pb::ResultKey key;
  pb::ResultRecord value;
};

std::string Key(const std::vector<absl::optional<absl::string_view>>& values) {
  std::string key;
  for (const auto& value : values) AppendGroupValue(value, &key);
  return key;
}

// The value of a field: text, "null", or a number.
std::string Show(const pb::Field& field) {
  switch (field.value_case()) {
    case pb::Field::kStringValue:
      return field.name() + "='" + field.string_value() + "'";
    case pb::Field::kIntValue:
      return field.name() + "=" + std::to_string(field.int_value());
    case pb::Field::VALUE_NOT_SET:
      return field.name() + "=null";
    default:
      return field.name() + "=?";
  }
}

template <typename Fields>
std::vector<std::string> Show(const Fields& fields) {
  std::vector<std::string> shown;
  for (const pb::Field& field : fields) shown.push_back(Show(field));
  return shown;
}

class ResultEncoderTest : public testing::Test {
 protected:
  ResultEncoderTest() {
    PipelinePlan plan;
    plan.merge_partitions = 4;
    plan.fields = {"type", "disposition", "city"};
    AddView("by-type", {0}, {"count"}, &plan);
    JoinPlan join;
    join.table = std::make_shared<StaticTable>(
        "v7", "code",
        std::vector<StaticTable::Row>{
            {{"code", "ADM"}, {"description", "Admonished"}, {"level", "2"}},
            {{"code", "GOA"}, {"level", "1"}}});
    join.group_index = 1;
    join.columns = {"description", "level"};
    AddView("by-disposition", {2, 1}, {"calls", "count"}, &plan);
    plan.views.back().join = join;
    AddView("all", {}, {"count"}, &plan);
    plan_ = std::make_shared<const PipelinePlan>(std::move(plan));
    changes_.views.resize(3);
  }

  std::vector<Record> Encode(int merge_partition = 0) {
    ResultEncoder encoder(plan_);
    std::vector<Record> records;
    encoder.Encode(merge_partition, changes_, 1234,
                   [&](absl::string_view key, absl::optional<absl::string_view> value) {
                     Record record;
                     EXPECT_TRUE(record.key.ParseFromString(std::string(key)));
                     // Of one row, all versions must have the same key, whoever wrote them.
                     EXPECT_EQ(record.key.SerializeAsString(), key);
                     record.deleted = !value.has_value();
                     if (!record.deleted) {
                       EXPECT_TRUE(record.value.ParseFromString(std::string(*value)));
                       EXPECT_EQ(record.value.SerializeAsString(), *value);
                     }
                     records.push_back(std::move(record));
                   });
    return records;
  }

  static void AddView(const std::string& id, std::vector<int> fields,
                      const std::vector<std::string>& counts, PipelinePlan* plan) {
    plan->views.emplace_back();
    ViewPlan& view = plan->views.back();
    view.id = id;
    view.window = *WindowSpec::Create(10 * kMinute, 5 * kMinute, 0);
    view.group_fields = std::move(fields);
    for (const std::string& name : counts) {
      view.aggregates.emplace_back();
      view.aggregates.back().name = name;
    }
  }

  // Of the windows of AddView.
  static RowChange MakeRow(uint32_t group, EventTime window_start, uint64_t accepted,
                           uint32_t revision) {
    RowChange row;
    row.group = group;
    row.window_start = window_start;
    row.window_end = window_start + 10 * kMinute;
    row.accepted = accepted;
    row.revision = revision;
    return row;
  }

  std::shared_ptr<const PipelinePlan> plan_;
  MergeChanges changes_;
};

TEST_F(ResultEncoderTest, RowsTellHowFarTheInputWas) {
  changes_.views[0].groups = {Key({"Traffic Stop"})};
  changes_.views[0].rows = {MakeRow(0, 0, 3, 0)};
  EXPECT_FALSE(Encode()[0].value.row().has_event_time_us());
  EXPECT_EQ(Encode()[0].value.row().record_time_ms(), 0);

  changes_.progress.newest_record_time_ms = 1'700'000'000'123;
  for (const EventTime time : {kMinute, 7 * kMinute, 2 * kMinute}) {
    changes_.progress.sources.emplace_back();
    changes_.progress.sources.back().max_event_time = time;
  }
  EXPECT_EQ(Encode()[0].value.row().event_time_us(), 7 * kMinute);
  EXPECT_EQ(Encode()[0].value.row().record_time_ms(), 1'700'000'000'123);
}

TEST_F(ResultEncoderTest, WritesRows) {
  changes_.views[0].groups = {Key({"Traffic Stop"}), Key({absl::nullopt}), Key({""})};
  changes_.views[0].rows = {MakeRow(0, -5 * kMinute, 3, 0), MakeRow(0, 0, 4'000'000'000, 2),
                            MakeRow(1, 0, 1, 0), MakeRow(2, 5 * kMinute, 7, 0)};
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(5));
  const pb::Row& first = records[0].value.row();
  EXPECT_EQ(first.view(), "by-type");
  EXPECT_EQ(first.window_start_us(), -5 * kMinute);
  EXPECT_EQ(first.window_end_us(), 5 * kMinute);
  EXPECT_THAT(Show(first.group()), ElementsAre("type='Traffic Stop'"));
  EXPECT_THAT(Show(first.values()), ElementsAre("count=3"));
  EXPECT_EQ(first.accepted(), 3u);
  EXPECT_EQ(first.revision(), 0u);
  EXPECT_EQ(first.table_version(), "");
  const pb::Row& second = records[1].value.row();
  EXPECT_THAT(Show(second.values()), ElementsAre("count=4000000000"));
  EXPECT_EQ(second.revision(), 2u);
  EXPECT_EQ(second.window_start_us(), 0);
  EXPECT_EQ(second.window_end_us(), 10 * kMinute);
  EXPECT_THAT(Show(second.group()), ElementsAre("type='Traffic Stop'"));
  EXPECT_THAT(Show(records[2].value.row().group()), ElementsAre("type=null"));
  EXPECT_EQ(records[2].value.row().revision(), 0u);
  EXPECT_THAT(Show(records[3].value.row().group()), ElementsAre("type=''"));
  for (int i = 0; i < 4; ++i) {
    const pb::Row& row = records[i].value.row();
    EXPECT_EQ(records[i].key.row().view(), row.view());
    EXPECT_EQ(records[i].key.row().window_start_us(), row.window_start_us());
    EXPECT_EQ(records[i].key.row().group(),
              changes_.views[0].groups[changes_.views[0].rows[i].group]);
  }
}

// Encode compares all of them with protobuf.
TEST_F(ResultEncoderTest, NumbersOfAllSizes) {
  ViewChanges& view = changes_.views[0];
  view.groups = {Key({std::string(300, 'x')}), Key({""}), Key({absl::nullopt})};
  constexpr EventTime kFar = EventTime{9'000'000} * kMicrosPerDay;
  for (const EventTime start : {-kFar, -10 * kMinute, -1 * kMinute, EventTime{0}, kFar}) {
    uint64_t accepted = 1;
    for (uint32_t group = 0; group < view.groups.size(); ++group, accepted *= 10'000'000) {
      view.rows.push_back(MakeRow(group, start, accepted, static_cast<uint32_t>(accepted) / 7));
    }
  }
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(16));
  for (size_t i = 0; i < view.rows.size(); ++i) {
    const pb::Row& row = records[i].value.row();
    EXPECT_EQ(records[i].key.row().window_start_us(), view.rows[i].window_start);
    EXPECT_EQ(row.window_start_us(), view.rows[i].window_start);
    EXPECT_EQ(row.window_end_us(), view.rows[i].window_end);
    EXPECT_EQ(row.accepted(), view.rows[i].accepted);
    EXPECT_EQ(row.values(0).int_value(), static_cast<int64_t>(view.rows[i].accepted));
    EXPECT_EQ(row.revision(), view.rows[i].revision);
  }
}

TEST_F(ResultEncoderTest, LooksUpJoinedColumns) {
  changes_.views[1].groups = {Key({"SF", "ADM"}), Key({"SF", "GOA"}), Key({absl::nullopt, "XXX"}),
                              Key({"SF", absl::nullopt})};
  changes_.views[1].rows = {MakeRow(0, 0, 1, 0), MakeRow(1, 0, 2, 0), MakeRow(2, 0, 3, 0),
                            MakeRow(3, 0, 4, 0)};
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(5));
  EXPECT_THAT(Show(records[0].value.row().group()), ElementsAre("city='SF'", "disposition='ADM'"));
  EXPECT_THAT(Show(records[0].value.row().values()),
              ElementsAre("description='Admonished'", "level='2'", "calls=1", "count=1"));
  // A row of the table without the column, no row at all, and a null key.
  EXPECT_THAT(Show(records[1].value.row().values()),
              ElementsAre("description=null", "level='1'", "calls=2", "count=2"));
  EXPECT_THAT(Show(records[2].value.row().group()), ElementsAre("city=null", "disposition='XXX'"));
  EXPECT_THAT(Show(records[2].value.row().values()),
              ElementsAre("description=null", "level=null", "calls=3", "count=3"));
  EXPECT_THAT(Show(records[3].value.row().values()),
              ElementsAre("description=null", "level=null", "calls=4", "count=4"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(records[i].value.row().table_version(), "v7");
}

TEST_F(ResultEncoderTest, AViewWithoutGroupHasOne) {
  changes_.views[2].groups = {Key({})};
  changes_.views[2].rows = {MakeRow(0, 0, 9, 0)};
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].key.row().view(), "all");
  EXPECT_EQ(records[0].key.row().group(), "");
  EXPECT_THAT(records[0].value.row().group(), IsEmpty());
  EXPECT_THAT(Show(records[0].value.row().values()), ElementsAre("count=9"));
}

// What one view's rows leave behind must not show in the next one's.
TEST_F(ResultEncoderTest, KeepsViewsApart) {
  changes_.views[1].groups = {Key({"SF", "ADM"})};
  changes_.views[1].rows = {MakeRow(0, 0, 1, 5)};
  changes_.views[2].groups = {Key({})};
  changes_.views[2].rows = {MakeRow(0, 0, 2, 0)};
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[1].value.row().view(), "all");
  EXPECT_EQ(records[1].value.row().revision(), 0u);
  EXPECT_EQ(records[1].value.row().table_version(), "");
  EXPECT_THAT(records[1].value.row().group(), IsEmpty());
}

TEST_F(ResultEncoderTest, WritesLedgers) {
  changes_.views[0].late = {{kOlderWindows, 17}, {-5 * kMinute, 2}};
  changes_.views[2].late = {{0, 3}};
  const std::vector<Record> records = Encode(3);
  ASSERT_THAT(records, SizeIs(4));
  EXPECT_EQ(records[0].value.ledger().view(), "by-type");
  EXPECT_EQ(records[0].value.ledger().window_start_us(), kOlderWindows);
  EXPECT_EQ(records[0].value.ledger().late(), 17u);
  EXPECT_EQ(records[1].value.ledger().window_start_us(), -5 * kMinute);
  EXPECT_EQ(records[1].value.ledger().late(), 2u);
  EXPECT_EQ(records[2].value.ledger().view(), "all");
  EXPECT_EQ(records[2].value.ledger().late(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(records[i].key.ledger().merge_partition(), 3u);
    EXPECT_EQ(records[i].key.ledger().view(), records[i].value.ledger().view());
    EXPECT_EQ(records[i].key.ledger().window_start_us(),
              records[i].value.ledger().window_start_us());
  }
}

// Progress speaks of what stands before it.
TEST_F(ResultEncoderTest, ProgressComesLast) {
  changes_.views[0].groups = {Key({"a"})};
  changes_.views[0].rows = {MakeRow(0, 0, 1, 0)};
  changes_.views[2].late = {{0, 3}};
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_TRUE(records[0].value.has_row());
  EXPECT_TRUE(records[1].value.has_ledger());
  EXPECT_TRUE(records[2].value.has_progress());
  EXPECT_TRUE(records[2].key.has_progress());
}

TEST_F(ResultEncoderTest, ProgressNamesTheSourcesThatAreItsOwn) {
  MergeProgress& progress = changes_.progress;
  progress.closed_through = -kMinute;
  progress.drain_generation = 4;
  progress.expired = 5;
  progress.discontinuities = 6;
  for (int p = 0; p < 10; ++p) {
    progress.sources.emplace_back();
    progress.sources.back().partition = p;
    progress.sources.back().end_offset = 100 + p;
    progress.sources.back().counters.read = 7;
  }
  std::vector<int> named;
  for (int m = 0; m < 4; ++m) {
    const std::vector<Record> records = Encode(m);
    ASSERT_THAT(records, SizeIs(1));
    EXPECT_EQ(records[0].key.progress().merge_partition(), static_cast<uint32_t>(m));
    const pb::Progress& written = records[0].value.progress();
    EXPECT_EQ(written.merge_partition(), static_cast<uint32_t>(m));
    EXPECT_EQ(written.merge_partitions(), 4u);
    EXPECT_EQ(written.closed_through_us(), -kMinute);
    EXPECT_EQ(written.drain_generation(), 4);
    EXPECT_EQ(written.expired(), 5u);
    EXPECT_EQ(written.discontinuities(), 6u);
    EXPECT_EQ(written.write_time_ms(), 1234);
    EXPECT_THAT(written.views(), ElementsAre("by-type", "by-disposition", "all"));
    for (const auto& source : written.sources()) {
      EXPECT_EQ(source.source_partition() % 4, static_cast<uint32_t>(m));
      EXPECT_EQ(source.end_offset(), 100 + source.source_partition());
      EXPECT_EQ(source.counters().read(), 7u);
      named.push_back(static_cast<int>(source.source_partition()));
    }
  }
  // Each once over all partitions.
  EXPECT_THAT(named, testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_F(ResultEncoderTest, BeforeTheFirstCloseThereIsNone) {
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_FALSE(records[0].value.progress().has_closed_through_us());
  changes_.progress.closed_through = 0;
  EXPECT_TRUE(Encode()[0].value.progress().has_closed_through_us());
}

TEST_F(ResultEncoderTest, DeletesRowsOfSessionsThatBeginElsewhere) {
  changes_.views[0].groups = {Key({"a"})};
  RowChange row = MakeRow(0, 0, 0, 0);
  row.deleted = true;
  changes_.views[0].rows = {row};
  const std::vector<Record> records = Encode();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_TRUE(records[0].deleted);
  EXPECT_EQ(records[0].key.row().view(), "by-type");
  EXPECT_EQ(records[0].key.row().group(), Key({"a"}));
  EXPECT_FALSE(records[1].deleted);
}

// Compaction and the query's store take keys as bytes: the same row, the same bytes.
TEST_F(ResultEncoderTest, KeysAreStable) {
  changes_.views[0].groups = {Key({"a"})};
  changes_.views[0].rows = {MakeRow(0, 300'000'000, 1, 0)};
  std::vector<std::string> keys;
  ResultEncoder encoder(plan_);
  encoder.Encode(2, changes_, 0, [&](absl::string_view key, absl::optional<absl::string_view>) {
    keys.emplace_back(key);
  });
  EXPECT_THAT(keys, ElementsAre(std::string("\x0A\x14\x0A\x07"
                                            "by-type\x10\x80\x8C\x8D\x9E\x02\x1A\x03\x02"
                                            "a\x00",
                                            22),
                                std::string("\x12\x02\x08\x02", 4)));
}

}  // namespace
}  // namespace windrow::aggregator
