#include "services/aggregator/settings_change.h"

#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/aggregator/source/pipeline_settings.h"

namespace windrow::aggregator {
namespace {

namespace pipeline = windrow::pipeline::v1;

using google::protobuf::FieldDescriptor;
using google::protobuf::util::FieldMaskUtil;
using google::protobuf::util::MessageDifferencer;

constexpr char kIntoIdlePolicy[] = "idle_policy.";

}  // namespace

std::set<std::string> ChangedPaths(const v1::ReconfigureRequest& request) {
  std::set<std::string> paths(request.update_mask().paths().begin(),
                              request.update_mask().paths().end());
  if (!paths.empty() && paths.count("*") == 0) return paths;
  const bool all = paths.count("*") > 0;
  paths.clear();
  const auto* const reflection = request.settings().GetReflection();
  for (int i = 0; i < pipeline::Settings::descriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = pipeline::Settings::descriptor()->field(i);
    if (all || reflection->HasField(request.settings(), field)) paths.insert(field->name());
  }
  return paths;
}

pipeline::Settings MergeSettings(const v1::ReconfigureRequest& request,
                                 const ControlledPipeline& now,
                                 std::vector<rpc::FieldViolation>* violations) {
  pipeline::Settings merged = EncodeSettings(now.settings);
  google::protobuf::FieldMask mask;
  for (const std::string& path : ChangedPaths(request)) {
    if (path.empty() || !FieldMaskUtil::IsValidPath<pipeline::Settings>(path)) {
      violations->push_back(
          {"update_mask", absl::StrCat("\"", path, "\" is not a field of settings")});
      continue;
    }
    // What is not named stays as it is in force.
    if (absl::StartsWith(path, kIntoIdlePolicy) && !merged.has_idle_policy()) {
      *merged.mutable_idle_policy() =
          EffectiveSettings(now.settings, PipelineOf(now)).idle_policy();
    }
    mask.add_paths(path);
  }
  FieldMaskUtil::MergeOptions replacing;
  replacing.set_replace_message_fields(true);
  replacing.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(request.settings(), mask, replacing, &merged);
  return merged;
}

bool ChangesNothing(const v1::ReconfigureRequest& request, const ControlledPipeline& now) {
  std::vector<rpc::FieldViolation> violations;
  const PipelineSettings merged = MakeSettings(MergeSettings(request, now, &violations));
  return violations.empty() &&
         MessageDifferencer::Equals(EncodeSettings(merged), EncodeSettings(now.settings));
}

}  // namespace windrow::aggregator
