#include "services/query/source/result_decoder.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/query/core/row_key.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

using ::windrow::results::v1::LedgerKey;
using ::windrow::results::v1::Progress;
using ::windrow::results::v1::ProgressKey;
using ::windrow::results::v1::ResultKey;
using ::windrow::results::v1::ResultRecord;
using ::windrow::results::v1::Row;

template <typename Message>
bool Parse(absl::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

absl::Status Malformed(const kafka::RecordView& record, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(record.topic, " partition ", record.partition,
                                                 " offset ", record.offset, ": ", what));
}

RowChange MakeRowChange(Version version, int64_t commit_time_ms, const results::v1::RowKey& key,
                        const Row* row) {
  RowChange change;
  change.version = version;
  change.commit_time_ms = commit_time_ms;
  change.view = key.view();
  change.window_start_us = key.window_start_us();
  change.group = BoundedGroup(key.group());
  change.deleted = row == nullptr;
  if (row != nullptr) {
    change.window_end_us = row->window_end_us();
    change.accepted = row->accepted();
    change.revision = row->revision();
    change.payload = row->SerializeAsString();
  }
  return change;
}

ProgressChange MakeProgressChange(Version version, const Progress& said) {
  ProgressChange change;
  change.version = version;
  change.merge_partition = static_cast<int>(said.merge_partition());
  PartitionProgress& progress = change.progress;
  if (said.has_closed_through_us()) progress.closed_through_us = said.closed_through_us();
  progress.drain_generation = said.drain_generation();
  progress.views.assign(said.views().begin(), said.views().end());
  for (const partials::v1::SourcePosition& source : said.sources()) {
    progress.records_read += source.counters().read();
    progress.dead_lettered += source.counters().dead_lettered();
    for (int i = 0; i < source.counters().views_size() && i < said.views_size(); ++i) {
      progress.late_everywhere[said.views(i)] += source.counters().views(i).late_everywhere();
    }
  }
  return change;
}

LedgerChange MakeLedgerChange(Version version, const LedgerKey& key, uint64_t late) {
  LedgerChange change;
  change.version = version;
  change.view = key.view();
  change.window_start_us = key.window_start_us();
  change.merge_partition = static_cast<int>(key.merge_partition());
  change.late = late;
  return change;
}

}  // namespace

absl::Status DecodeResult(const kafka::RecordView& record, ChangeBatch* batch) {
  ResultKey key;
  if (!record.has_key || !Parse(record.key, &key)) return Malformed(record, "not a ResultKey");
  ResultRecord value;
  if (record.has_value && !Parse(record.value, &value)) {
    return Malformed(record, "not a ResultRecord");
  }
  const Version version{record.partition, record.offset};
  switch (key.kind_case()) {
    case ResultKey::kRow:
      if (record.has_value && !value.has_row()) return Malformed(record, "a row's key, no row");
      batch->rows.push_back(MakeRowChange(version, record.timestamp_ms, key.row(),
                                          record.has_value ? &value.row() : nullptr));
      return absl::OkStatus();
    case ResultKey::kProgress:
      // Progress is never taken back; its deletion could only mean that it is not known here.
      if (!record.has_value) return absl::OkStatus();
      if (!value.has_progress()) return Malformed(record, "a progress' key, no progress");
      if (value.progress().merge_partition() != static_cast<uint32_t>(record.partition)) {
        return Malformed(record, "progress of another partition");
      }
      batch->progress.push_back(MakeProgressChange(version, value.progress()));
      return absl::OkStatus();
    case ResultKey::kLedger:
      if (record.has_value && !value.has_ledger()) {
        return Malformed(record, "a ledger's key, no ledger");
      }
      batch->ledgers.push_back(MakeLedgerChange(version, key.ledger(), value.ledger().late()));
      return absl::OkStatus();
    case ResultKey::KIND_NOT_SET:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace windrow::query
