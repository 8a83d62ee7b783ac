#ifndef TESTS_ORACLE_RESULTS_TOPIC_H_
#define TESTS_ORACLE_RESULTS_TOPIC_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::oracle {

// A partition of the topic `results`, compacted. Watches what is written, since the last values
// alone do not show it. One thread.
class ResultsTopic {
 public:
  explicit ResultsTopic(const aggregator::PipelinePlan& plan);

  // A record of the present commit; without a value it deletes.
  void Write(const std::string& key, absl::optional<absl::string_view> value);
  // Ends the commit, which must have begun with rows and ended with a progress.
  void EndCommit();

  // The last value of each key.
  const std::map<std::string, std::string>& records() const { return records_; }
  // What must not be, in words:
  //  * a row twice in one commit, or a record after the progress;
  //  * a row of a view with MODE_FINAL before its window is closed (but of sessions: one may close
  //    and grow again within one commit);
  //  * a revision, a number of records or closed_through that falls;
  //  * a deletion in a view without sessions.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  struct ViewRules {
    bool final_only = false;
    bool sessions = false;
  };

  void CheckRow(const std::string& key, const results::v1::Row& row);
  void CheckProgress(const results::v1::Progress& progress);
  void CheckDeletion(const std::string& key);

  std::map<std::string, ViewRules> views_;
  std::map<std::string, std::string> records_;
  std::vector<std::string> faults_;
  // Of the present commit.
  std::set<std::string> keys_;
  std::vector<results::v1::Row> final_only_rows_;
  bool has_progress_ = false;
  absl::optional<int64_t> closed_through_us_;
};

}  // namespace windrow::oracle

#endif  // TESTS_ORACLE_RESULTS_TOPIC_H_
