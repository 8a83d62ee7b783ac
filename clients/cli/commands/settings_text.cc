#include "clients/cli/commands/settings_text.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using ::windrow::pipeline::v1::IdlePolicy;
using ::windrow::pipeline::v1::Settings;

std::string LimitText(int64_t limit, const std::string& unit) {
  return limit == 0 ? "no limit" : absl::StrCat(GroupedNumber(limit), " ", unit);
}

std::string WorkersText(const Settings& settings) {
  const auto& automatic = settings.auto_parallelism();
  if (!automatic.enabled()) return absl::StrCat(settings.parallelism());
  return absl::StrCat("auto, ", automatic.min_workers(), " to ",
                      automatic.max_workers() == 0 ? "the number of processors"
                                                   : absl::StrCat(automatic.max_workers()));
}

std::string IdleText(const IdlePolicy& policy) {
  const std::string timeout =
      absl::StrCat("idle after ", absl::FormatDuration(ToDuration(policy.idle_timeout())));
  switch (policy.all_idle()) {
    case IdlePolicy::ALL_IDLE_WAIT:
      return timeout + ", when all are windows wait";
    case IdlePolicy::ALL_IDLE_CLOSE_AFTER:
      return absl::StrCat(timeout, ", when all are for ",
                          absl::FormatDuration(ToDuration(policy.close_after())), " windows close");
    default:
      return timeout + ", when all are windows close by the clock";
  }
}

void PrintTable(const aggregator::v1::PipelineResource& pipeline) {
  const pipeline::v1::Settings& settings = pipeline.pipeline().settings();
  TextTable table({{"SETTING"}, {"VALUE"}});
  table.Add({"parallelism", WorkersText(settings)});
  table.Add(
      {"rate", LimitText(settings.records_per_second_per_partition(), "records/s per partition")});
  table.Add({"total rate", LimitText(settings.records_per_second(), "records/s")});
  table.Add({"byte rate", LimitText(settings.bytes_per_second(), "bytes/s")});
  table.Add({"commit interval", absl::FormatDuration(ToDuration(settings.commit_interval()))});
  table.Add({"watermark delay", absl::FormatDuration(ToDuration(settings.watermark_delay()))});
  table.Add({"idle policy", IdleText(settings.idle_policy())});
  table.Add({"state limit", GroupedNumber(settings.state_limit_bytes() / 1'000'000) + " MB"});
  table.Add(
      {"fetch memory", settings.fetch_memory_bytes() == 0
                           ? "as started"
                           : GroupedNumber(settings.fetch_memory_bytes() / 1'000'000) + " MB"});
  table.Add({"paused", pipeline.paused() ? "yes" : "no"});
  table.Add({"generation", absl::StrCat(pipeline.generation())});
  Print(table.Text());
}

}  // namespace

void PrintSettings(const aggregator::v1::PipelineResource& pipeline, const std::string& format) {
  PrintRecord(format, pipeline.pipeline().settings(), [&pipeline] { PrintTable(pipeline); });
}

}  // namespace windrow::cli
