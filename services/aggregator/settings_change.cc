#include "services/aggregator/settings_change.h"

#include "absl/strings/str_cat.h"
#include "services/aggregator/proto_time.h"

namespace windrow::aggregator {

namespace pipeline = windrow::pipeline::v1;

pipeline::Settings EncodeSettings(const PipelineSettings& settings) {
  pipeline::Settings proto;
  proto.set_parallelism(settings.parallelism);
  proto.set_records_per_second_per_partition(settings.records_per_second_per_partition);
  proto.set_state_limit_bytes(settings.state_limit_bytes);
  proto.mutable_commit_interval()->set_seconds(settings.commit_interval_ms / 1000);
  proto.mutable_commit_interval()->set_nanos(
      static_cast<int32_t>(settings.commit_interval_ms % 1000) * 1'000'000);
  return proto;
}

std::set<std::string> ChangedPaths(const v1::ReconfigureRequest& request) {
  const std::set<std::string> all = {"parallelism", "records_per_second_per_partition",
                                     "commit_interval", "state_limit_bytes"};
  std::set<std::string> paths(request.update_mask().paths().begin(),
                              request.update_mask().paths().end());
  if (paths.count("*") > 0) return all;
  if (!paths.empty()) return paths;
  const pipeline::Settings& settings = request.settings();
  if (settings.parallelism() != 0) paths.insert("parallelism");
  if (settings.records_per_second_per_partition() != 0) {
    paths.insert("records_per_second_per_partition");
  }
  if (settings.has_commit_interval()) paths.insert("commit_interval");
  if (settings.state_limit_bytes() != 0) paths.insert("state_limit_bytes");
  return paths;
}

pipeline::Settings MergeSettings(const v1::ReconfigureRequest& request, const PipelineSettings& now,
                                 std::vector<rpc::FieldViolation>* violations) {
  pipeline::Settings merged = EncodeSettings(now);
  const pipeline::Settings& wanted = request.settings();
  for (const std::string& path : ChangedPaths(request)) {
    if (path == "parallelism") {
      merged.set_parallelism(wanted.parallelism());
    } else if (path == "records_per_second_per_partition") {
      merged.set_records_per_second_per_partition(wanted.records_per_second_per_partition());
    } else if (path == "commit_interval") {
      *merged.mutable_commit_interval() = wanted.commit_interval();
    } else if (path == "state_limit_bytes") {
      merged.set_state_limit_bytes(wanted.state_limit_bytes());
    } else {
      violations->push_back(
          {"update_mask", absl::StrCat("\"", path, "\" is not a field of settings")});
    }
  }
  return merged;
}

}  // namespace windrow::aggregator
