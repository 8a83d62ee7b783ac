#include "tests/oracle/results_topic.h"

#include "absl/strings/str_cat.h"

namespace windrow::oracle {
namespace {

namespace pb = ::windrow::results::v1;

std::string NameOf(const pb::Row& row) {
  return absl::StrCat("row of view ", row.view(), " from ", row.window_start_us(), " to ",
                      row.window_end_us());
}

}  // namespace

ResultsTopic::ResultsTopic(const aggregator::PipelinePlan& plan) {
  for (const aggregator::ViewPlan& view : plan.views) {
    views_[view.id] = {view.emit == aggregator::EmitMode::kFinal, view.is_session()};
  }
}

void ResultsTopic::Write(const std::string& key, absl::optional<absl::string_view> value) {
  if (!keys_.insert(key).second) faults_.push_back("a record twice in one commit");
  if (has_progress_) faults_.push_back("a record after the progress of its commit");
  if (!value.has_value()) {
    CheckDeletion(key);
    records_.erase(key);
    return;
  }
  pb::ResultRecord record;
  if (!record.ParseFromArray(value->data(), static_cast<int>(value->size()))) {
    faults_.push_back("a record that cannot be parsed");
  }
  if (record.has_row()) CheckRow(key, record.row());
  if (record.has_progress()) CheckProgress(record.progress());
  records_[key] = std::string(*value);
}

void ResultsTopic::EndCommit() {
  for (const pb::Row& row : final_only_rows_) {
    if (closed_through_us_.has_value() && *closed_through_us_ >= row.window_end_us()) continue;
    faults_.push_back(absl::StrCat(NameOf(row), ": written before it is closed"));
  }
  final_only_rows_.clear();
  keys_.clear();
  has_progress_ = false;
}

void ResultsTopic::CheckRow(const std::string& key, const pb::Row& row) {
  const ViewRules& rules = views_[row.view()];
  if (rules.final_only && !rules.sessions) final_only_rows_.push_back(row);
  const auto found = records_.find(key);
  if (found == records_.end()) return;
  pb::ResultRecord before;
  if (!before.ParseFromString(found->second)) return;
  if (row.accepted() < before.row().accepted()) {
    faults_.push_back(absl::StrCat(NameOf(row), ": ", row.accepted(), " records after ",
                                   before.row().accepted()));
  }
  if (row.revision() < before.row().revision()) {
    faults_.push_back(absl::StrCat(NameOf(row), ": revision ", row.revision(), " after ",
                                   before.row().revision()));
  }
}

void ResultsTopic::CheckProgress(const pb::Progress& progress) {
  has_progress_ = true;
  if (closed_through_us_.has_value() &&
      (!progress.has_closed_through_us() || progress.closed_through_us() < *closed_through_us_)) {
    faults_.push_back(absl::StrCat("closed through ", progress.closed_through_us(), " after ",
                                   *closed_through_us_));
  }
  if (progress.has_closed_through_us()) closed_through_us_ = progress.closed_through_us();
}

void ResultsTopic::CheckDeletion(const std::string& key) {
  pb::ResultKey name;
  if (!name.ParseFromString(key) || !name.has_row() || !views_[name.row().view()].sessions) {
    faults_.push_back("a deletion of what is no session's row");
  }
}

}  // namespace windrow::oracle
