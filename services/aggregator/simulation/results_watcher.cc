#include "services/aggregator/simulation/results_watcher.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::results::v1;

std::string Text(const std::vector<absl::optional<std::string>>& group) {
  return absl::StrJoin(group, ",", [](std::string* out, const absl::optional<std::string>& value) {
    absl::StrAppend(out, value.has_value() ? absl::StrCat("\"", *value, "\"") : "null");
  });
}

std::string Text(const RowName& name) {
  return absl::StrCat("row ", std::get<0>(name), " ", std::get<1>(name), " [",
                      Text(std::get<2>(name)), "]");
}

std::string Text(const std::map<std::string, std::string>& values) {
  return absl::StrJoin(values, " ", absl::PairFormatter("="));
}

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InternalError(absl::StrCat(parts...));
}

}  // namespace

std::string ValueText(const pb::Field& field) {
  switch (field.value_case()) {
    case pb::Field::kStringValue:
      return absl::StrCat("\"", field.string_value(), "\"");
    case pb::Field::kIntValue:
      return absl::StrCat(field.int_value());
    case pb::Field::kDoubleValue:
      return absl::StrFormat("%a", field.double_value());
    case pb::Field::kBoolValue:
      return field.bool_value() ? "true" : "false";
    case pb::Field::kValueCounts: {
      std::string text = "[";
      for (const pb::ValueCount& count : field.value_counts().counts()) {
        absl::StrAppend(&text, "\"", count.value(), "\":", count.count(), " ");
      }
      return text + "]";
    }
    case pb::Field::kError:
      return pb::ValueError_Name(field.error());
    case pb::Field::VALUE_NOT_SET:
      return "null";
  }
  return "?";
}

ResultsWatcher::ResultsWatcher(const Scenario* scenario, const Recount* recount,
                               const WrittenSources* written, memory_log::MemoryCluster* cluster)
    : scenario_(scenario),
      recount_(recount),
      written_(written),
      cluster_(cluster),
      topics_("p"),
      next_(static_cast<size_t>(scenario->pipeline.merge_partitions()), 0),
      next_frame_(next_.size(), 0),
      closing_(next_.size(), ClosingRecount(&scenario->pipeline)),
      progress_(next_.size()) {
  for (const auto& log : scenario->logs) tables_.emplace_back(log.size(), -1);
}

absl::Status ResultsWatcher::Look() {
  absl::Status status;
  // Frames before what comes of them.
  for (size_t partition = 0; partition < next_.size(); ++partition) {
    status = LookAtFrames(static_cast<int>(partition));
    if (!status.ok()) return status;
  }
  for (size_t partition = 0; partition < next_.size(); ++partition) {
    next_[partition] =
        cluster_->VisitCommitted({topics_.results, static_cast<int>(partition)}, next_[partition],
                                 [&](int64_t, const memory_log::StoredRecord& record) {
                                   if (status.ok())
                                     status = Take(static_cast<int>(partition), record);
                                 });
    if (!status.ok()) return status;
  }
  next_dead_letter_ =
      cluster_->VisitCommitted({topics_.dead_letter, 0}, next_dead_letter_,
                               [&](int64_t, const memory_log::StoredRecord& record) {
                                 if (status.ok()) status = TakeDeadLetter(record);
                               });
  if (!status.ok()) return status;
  return LookAtOffsets();
}

absl::Status ResultsWatcher::Take(int partition, const memory_log::StoredRecord& record) {
  ++records_;
  pb::ResultKey key;
  pb::ResultRecord value;
  if (!key.ParseFromString(record.key)) return Wrong("a key of results cannot be read");
  if (!record.has_value) return TakeDeletion(record.key);
  if (!value.ParseFromString(record.value)) return Wrong("a value of results cannot be read");
  switch (key.kind_case()) {
    case pb::ResultKey::kRow:
      return TakeRow(partition, record.key, value.row());
    case pb::ResultKey::kLedger:
      return TakeLedger(key.ledger(), value.ledger());
    case pb::ResultKey::kProgress:
      return TakeProgress(partition, value.progress());
    case pb::ResultKey::KIND_NOT_SET:
      break;
  }
  return Wrong("a key of results names nothing");
}

bool ResultsWatcher::HasSessions(const std::string& view) const {
  const auto& views = scenario_->pipeline.views();
  return std::any_of(views.begin(), views.end(), [&](const auto& candidate) {
    return candidate.id() == view && candidate.window().has_session();
  });
}

absl::Status ResultsWatcher::TakeDeletion(const std::string& key) {
  const auto name = names_.find(key);
  // One that was never written need not have been deleted; that does no harm.
  if (name == names_.end()) return absl::OkStatus();
  if (!HasSessions(std::get<0>(name->second))) return Wrong(Text(name->second), " was deleted");
  rows_.erase(name->second);
  return absl::OkStatus();
}

absl::Status ResultsWatcher::TakeRow(int partition, const std::string& key, const pb::Row& row) {
  std::vector<absl::optional<std::string>> group;
  for (const pb::Field& field : row.group()) {
    group.push_back(field.has_string_value() ? absl::make_optional(field.string_value())
                                             : absl::nullopt);
  }
  const RowName name(row.view(), row.window_start_us(), group);
  if (names_.emplace(key, name).first->second != name) {
    return Wrong(Text(name), " has the key of another row");
  }
  SeenRow seen;
  seen.partition = partition;
  seen.end_us = row.window_end_us();
  seen.accepted = row.accepted();
  seen.revision = row.revision();
  for (const pb::Field& field : row.values()) seen.values[field.name()] = ValueText(field);
  const absl::Status status = TakeColumns(name, row, &seen);
  if (!status.ok()) return status;

  // A session may still become another.
  if (HasSessions(row.view())) {
    rows_[name] = std::move(seen);
    return absl::OkStatus();
  }
  const auto expected = recount_->rows.find(name);
  if (expected == recount_->rows.end()) return Wrong(Text(name), " must not exist");
  // Of what has been written so far, no more can be counted.
  const std::vector<RecordName>& records = expected->second.records;
  const auto written = static_cast<uint64_t>(
      std::count_if(records.begin(), records.end(), [this](const RecordName& record) {
        return record.second < (*written_)[static_cast<size_t>(record.first)].offsets.size();
      }));
  if (seen.accepted > written) {
    return Wrong(Text(name), " counts ", seen.accepted, " records, of which only ", written,
                 " have been written");
  }
  if (seen.end_us != expected->second.end_us) return Wrong(Text(name), " ends at ", seen.end_us);
  const auto known = rows_.find(name);
  if (known != rows_.end()) {
    const SeenRow& before = known->second;
    if (before.partition != partition) return Wrong(Text(name), " is in two partitions");
    if (seen.accepted < before.accepted) {
      return Wrong(Text(name), " fell from ", before.accepted, " to ", seen.accepted);
    }
    if (seen.revision < before.revision) return Wrong(Text(name), ": its revision fell");
  }
  const absl::optional<int64_t>& closed =
      progress_[static_cast<size_t>(partition)].closed_through_us;
  const bool was_final = closed.has_value() && seen.end_us <= *closed;
  const uint64_t accepted_before = known == rows_.end() ? 0 : known->second.accepted;
  const uint32_t revision_before = known == rows_.end() ? 0 : known->second.revision;
  if (was_final && seen.accepted != accepted_before && seen.revision == revision_before) {
    return Wrong(Text(name), " was final and changed without a revision");
  }
  rows_[name] = std::move(seen);
  return absl::OkStatus();
}

// Joined columns are those of the tables that the row names.
absl::Status ResultsWatcher::TakeColumns(const RowName& name, const pb::Row& row,
                                         SeenRow* seen) const {
  for (const auto& view : scenario_->pipeline.views()) {
    if (view.id() != row.view() || !view.has_join()) continue;
    for (int64_t generation = 0; generation <= newest_tables_; ++generation) {
      const auto& table = TableOf(*scenario_, generation);
      if (table.version() != row.table_version()) continue;
      for (const auto& column : JoinedColumns(view, table, std::get<2>(name))) {
        if (seen->values[column.first] != column.second) {
          return Wrong(Text(name), ": ", column.first, " is ", seen->values[column.first], ", not ",
                       column.second);
        }
        seen->values.erase(column.first);
      }
      return absl::OkStatus();
    }
    return Wrong(Text(name), " has tables that nobody knows: ", row.table_version());
  }
  return absl::OkStatus();
}

absl::Status ResultsWatcher::TakeLedger(const pb::LedgerKey& key, const pb::Ledger& ledger) {
  const WindowName window(key.view(), key.window_start_us());
  uint64_t& of_partition = late_of_partition_[{window, static_cast<int>(key.merge_partition())}];
  if (ledger.late() < of_partition) return Wrong("the late records of a window became fewer");
  late_[window] += ledger.late() - of_partition;
  of_partition = ledger.late();
  const auto expected = recount_->late.find(window);
  const bool is_older = key.window_start_us() == std::numeric_limits<int64_t>::min();
  if (is_older) return absl::OkStatus();
  if (expected == recount_->late.end() || late_[window] > expected->second) {
    return Wrong("late ", window.first, " ", window.second, " is ", late_[window]);
  }
  return absl::OkStatus();
}

absl::Status ResultsWatcher::TakeProgress(int partition, const pb::Progress& progress) {
  SeenProgress& seen = progress_[static_cast<size_t>(partition)];
  if (progress.discontinuities() != 0) {
    return Wrong("merge partition ", partition, " found a gap or overlap of source offsets");
  }
  if (seen.closed_through_us.has_value() &&
      (!progress.has_closed_through_us() ||
       progress.closed_through_us() < *seen.closed_through_us)) {
    return Wrong("closed_through of merge partition ", partition, " fell from ",
                 *seen.closed_through_us, " to ", progress.closed_through_us());
  }
  const absl::Status closed = CheckClosed(partition, progress);
  if (!closed.ok()) return closed;
  if (progress.has_closed_through_us()) seen.closed_through_us = progress.closed_through_us();
  if (progress.drain_generation() < seen.drain_generation) return Wrong("a drain was undone");
  seen.drain_generation = progress.drain_generation();
  if (progress.expired() < seen.expired) return Wrong("expired records became fewer");
  seen.expired = progress.expired();
  for (const windrow::partials::v1::SourcePosition& source : progress.sources()) {
    int64_t& reached = seen.sources[static_cast<int>(source.source_partition())];
    if (source.end_offset() < reached) {
      return Wrong("source ", source.source_partition(), " went back from ", reached, " to ",
                   source.end_offset());
    }
    reached = source.end_offset();
    const absl::Status status = TakeSource(source);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// What is closed, its frames close. Those that are in the same transaction may be seen later.
absl::Status ResultsWatcher::CheckClosed(int partition, const pb::Progress& progress) {
  absl::optional<ClosingRecount> closing = closing_[static_cast<size_t>(partition)];
  if (!closing.has_value() || !progress.has_closed_through_us()) return absl::OkStatus();
  const auto is_beyond = [&] {
    return !closing->closed_through_us().has_value() ||
           progress.closed_through_us() > *closing->closed_through_us();
  };
  if (!is_beyond()) return absl::OkStatus();
  const memory_log::PartitionLog& log = cluster_->Log({topics_.partials, partition});
  for (int64_t offset = log.last_stable_offset(); offset < log.end(); ++offset) {
    windrow::partials::v1::Frame frame;
    const memory_log::StoredRecord* record = log.At(offset);
    if (record != nullptr && frame.ParseFromString(record->value)) closing->Add(frame);
  }
  if (!is_beyond()) return absl::OkStatus();
  return Wrong("merge partition ", partition, " closed through ", progress.closed_through_us(),
               ", beyond ", closing->closed_through_us().value_or(0));
}

// What is said of a source must be what its log holds up to there, exactly.
absl::Status ResultsWatcher::TakeSource(const windrow::partials::v1::SourcePosition& source) {
  if (!depends_on_tables()) return CheckCounters(*recount_, source);
  said_.push_back(source);
  return absl::OkStatus();
}

absl::Status ResultsWatcher::CheckCounters(
    const Recount& recount, const windrow::partials::v1::SourcePosition& source) const {
  const auto partition = static_cast<size_t>(source.source_partition());
  const std::vector<int64_t>& offsets = (*written_)[partition].offsets;
  const auto records = std::lower_bound(offsets.begin(), offsets.end(), source.end_offset());
  const RecountedSource& expected =
      recount.sources[partition][static_cast<size_t>(records - offsets.begin())];
  const auto& counters = source.counters();
  bool same = counters.read() == expected.read &&
              counters.dead_lettered() == expected.dead_lettered &&
              static_cast<size_t>(counters.views_size()) == expected.views.size();
  for (int view = 0; same && view < counters.views_size(); ++view) {
    const auto& counted = counters.views(view);
    same = RecountedView{counted.accepted(), counted.filtered(), counted.unmatched_join(),
                         counted.late_everywhere()} == expected.views[static_cast<size_t>(view)];
    same = same && counters.read() == counters.dead_lettered() + counted.accepted() +
                                          counted.filtered() + counted.unmatched_join() +
                                          counted.late_everywhere();
  }
  if (!same) {
    return Wrong("counters of source ", partition, " at offset ", source.end_offset(), ": ",
                 source.ShortDebugString());
  }
  if (source.has_watermark_us() != expected.watermark_us.has_value() ||
      (source.has_watermark_us() && source.watermark_us() != *expected.watermark_us)) {
    return Wrong("watermark of source ", partition, " at offset ", source.end_offset());
  }
  if (source.has_max_event_time_us() != expected.max_event_time_us.has_value() ||
      (expected.max_event_time_us.has_value() &&
       source.max_event_time_us() != *expected.max_event_time_us)) {
    return Wrong("largest event time of source ", partition, " at offset ", source.end_offset());
  }
  return absl::OkStatus();
}

absl::Status ResultsWatcher::TakeDeadLetter(const memory_log::StoredRecord& record) {
  int partition = -1;
  int64_t offset = -1;
  std::string reason;
  for (const auto& header : record.headers) {
    if (header.first == "windrow-reason") reason = header.second;
    if (header.first == "windrow-source-partition" && !absl::SimpleAtoi(header.second, &partition))
      return Wrong("dead letter of ", header.second);
    if (header.first == "windrow-source-offset" && !absl::SimpleAtoi(header.second, &offset))
      return Wrong("dead letter of ", header.second);
  }
  const std::vector<int64_t>& offsets = (*written_)[static_cast<size_t>(partition)].offsets;
  const auto found = std::lower_bound(offsets.begin(), offsets.end(), offset);
  if (found == offsets.end() || *found != offset) return Wrong("dead letter of no record");
  const RecordName name(partition, static_cast<size_t>(found - offsets.begin()));
  if (!dead_letters_.emplace(name, reason).second) {
    return Wrong("a second dead letter of ", partition, "-", offset);
  }
  const auto expected = recount_->dead_letters.find(name);
  if (expected == recount_->dead_letters.end() || expected->second != reason) {
    return Wrong("dead letter of ", partition, "-", offset, ": ", reason);
  }
  return absl::OkStatus();
}

absl::Status ResultsWatcher::LookAtFrames(int partition) {
  const auto index = static_cast<size_t>(partition);
  const record_log::TopicPartition log(topics_.partials, partition);
  if (cluster_->Log(log).begin() > next_frame_[index]) closing_[index].reset();
  absl::Status status;
  next_frame_[index] = cluster_->VisitCommitted(
      log, next_frame_[index], [&](int64_t, const memory_log::StoredRecord& record) {
        windrow::partials::v1::Frame frame;
        if (!frame.ParseFromString(record.value)) status = Wrong("a frame cannot be read");
        for (const auto& source : frame.positions()) {
          if (status.ok()) status = CheckIdleness(source);
          if (status.ok()) status = TakeTables(source);
        }
        if (closing_[index].has_value()) closing_[index]->Add(frame);
      });
  return status;
}

// Who says that a source was idle for so long says that nothing came in this time.
absl::Status ResultsWatcher::CheckIdleness(
    const windrow::partials::v1::SourcePosition& source) const {
  // Idleness is confirmed once a second.
  constexpr absl::Duration kSlack = absl::Milliseconds(1'500);
  if (source.idle_for_ms() < 0) return Wrong("idle for less than no time");
  const WrittenSource& written = (*written_)[source.source_partition()];
  const auto next = static_cast<size_t>(
      std::lower_bound(written.offsets.begin(), written.offsets.end(), source.end_offset()) -
      written.offsets.begin());
  if (next == 0 || held_back_) return absl::OkStatus();
  const absl::Time end = next < written.times.size() ? written.times[next] : cluster_->Now();
  if (absl::Milliseconds(source.idle_for_ms()) > end - written.times[next - 1] + kSlack) {
    return Wrong("source ", source.source_partition(), " said that it was idle for ",
                 source.idle_for_ms(), " ms at offset ", source.end_offset(), ", but was so for ",
                 absl::ToInt64Milliseconds(end - written.times[next - 1]));
  }
  return absl::OkStatus();
}

// Each merge partition is told the same, and a source never goes back to older tables.
absl::Status ResultsWatcher::TakeTables(const windrow::partials::v1::SourcePosition& source) {
  const std::vector<int64_t>& offsets = (*written_)[source.source_partition()].offsets;
  std::vector<int64_t>& tables = tables_[source.source_partition()];
  const int64_t generation = source.plan_generation();
  if (generation > newest_tables_) return Wrong("tables of the future: ", generation);
  const auto first = static_cast<size_t>(
      std::lower_bound(offsets.begin(), offsets.end(), source.base_offset()) - offsets.begin());
  if (first > 0 && tables[first - 1] > generation) {
    return Wrong("source ", source.source_partition(), " went back to tables ", generation);
  }
  for (size_t i = first; i < offsets.size() && offsets[i] < source.end_offset(); ++i) {
    if (tables[i] >= 0 && tables[i] != generation) {
      return Wrong("source ", source.source_partition(), " was counted with tables ", tables[i],
                   " and ", generation);
    }
    tables[i] = generation;
  }
  return absl::OkStatus();
}

bool ResultsWatcher::KnowsTables() const {
  return std::none_of(tables_.begin(), tables_.end(), [](const std::vector<int64_t>& tables) {
    return std::count(tables.begin(), tables.end(), -1) > 0;
  });
}

absl::Status ResultsWatcher::LookAtOffsets() {
  for (const auto& offset : cluster_->CommittedOffsets(topics_.group)) {
    int64_t& before = committed_[offset.first];
    const int64_t now = offset.second.offset.value_or(0);
    if (now < before) {
      return Wrong("the committed offset of ", offset.first.first, "-", offset.first.second,
                   " fell from ", before, " to ", now);
    }
    before = now;
  }
  return absl::OkStatus();
}

bool ResultsWatcher::HasDrained(int64_t generation) const {
  return std::all_of(progress_.begin(), progress_.end(), [&](const SeenProgress& progress) {
    return progress.drain_generation >= generation;
  });
}

uint64_t ResultsWatcher::expired() const {
  uint64_t expired = 0;
  for (const SeenProgress& progress : progress_) expired += progress.expired;
  return expired;
}

absl::Status ResultsWatcher::CheckEnd() {
  if (!scenario_->may_expire && expired() != 0) return Wrong(expired(), " records expired");
  if (dead_letters_ != recount_->dead_letters) {
    return Wrong(dead_letters_.size(), " dead letters, not ", recount_->dead_letters.size());
  }
  // Each source is spoken of by one merge partition, to its end.
  for (size_t source = 0; source < written_->size(); ++source) {
    const SeenProgress& progress = progress_[source % progress_.size()];
    const auto found = progress.sources.find(static_cast<int>(source));
    const int64_t end =
        cluster_->Log({scenario_->pipeline.source_topic(), static_cast<int>(source)})
            .last_stable_offset();
    const std::vector<int64_t>& offsets = (*written_)[source].offsets;
    const int64_t last = offsets.empty() ? 0 : offsets.back() + 1;
    if (found == progress.sources.end() || found->second < last || found->second > end) {
      return Wrong("source ", source, " is not read to its end");
    }
  }
  for (size_t partition = 0; partition < progress_.size(); ++partition) {
    if (closing_[partition].has_value() &&
        closing_[partition]->closed_through_us() != progress_[partition].closed_through_us) {
      return Wrong("merge partition ", partition, " is not closed as far as its frames say");
    }
  }
  if (!depends_on_tables()) {
    is_compared_ = true;
    const absl::Status status = CheckRows(*recount_);
    return status.ok() ? CheckLate(*recount_) : status;
  }
  if (!KnowsTables()) return absl::OkStatus();
  is_compared_ = true;
  const Recount recount = RecountScenario(*scenario_, &tables_);
  absl::Status status;
  for (const auto& source : said_) {
    if (status.ok()) status = CheckCounters(recount, source);
  }
  if (status.ok()) status = CheckRows(recount);
  return status.ok() ? CheckLate(recount) : status;
}

absl::Status ResultsWatcher::CheckRows(const Recount& recount) const {
  for (const auto& entry : rows_) {
    const SeenRow& row = entry.second;
    const auto& closed = progress_[static_cast<size_t>(row.partition)].closed_through_us;
    if (!closed.has_value() || *closed < row.end_us) return Wrong(Text(entry.first), " is open");
  }
  if (expired() != 0) return absl::OkStatus();
  for (const auto& entry : rows_) {
    if (recount.rows.count(entry.first) == 0) return Wrong(Text(entry.first), " must not exist");
  }
  for (const auto& entry : recount.rows) {
    const auto seen = rows_.find(entry.first);
    if (seen == rows_.end()) return Wrong(Text(entry.first), " is missing");
    if (seen->second.accepted != entry.second.accepted ||
        seen->second.values != entry.second.values) {
      return Wrong(Text(entry.first), ": ", seen->second.accepted, " ", Text(seen->second.values),
                   ", not ", entry.second.accepted, " ", Text(entry.second.values));
    }
  }
  return absl::OkStatus();
}

absl::Status ResultsWatcher::CheckLate(const Recount& recount) const {
  // Windows further behind than the horizon share an entry.
  if (!scenario_->may_expire && late_ != recount.late) {
    return Wrong("late records differ");
  }
  std::map<std::string, uint64_t> seen;
  std::map<std::string, uint64_t> expected;
  for (const auto& window : late_) seen[window.first.first] += window.second;
  for (const auto& window : recount.late) expected[window.first.first] += window.second;
  if (seen != expected) return Wrong("numbers of late records differ");
  return absl::OkStatus();
}

}  // namespace windrow::aggregator
